import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { csrOctetLimit, decodeCsrText, decodeWebServiceCsr } from "./decode-text.ts";

const der = randomBytes(279);
const base64 = der.toString("base64");

function wrapped(width: number, eol: string): string {
  return (base64.match(new RegExp(`.{1,${String(width)}}`, "g")) ?? []).join(eol);
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (error) {
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

describe("a CSR file for the portal", () => {
  const bodies = [
    ["one line", () => base64],
    ["64 characters", (eol: string) => wrapped(64, eol)],
    ["76 characters", (eol: string) => wrapped(76, eol)],
  ] as const;
  const headers = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", undefined] as const;
  for (const [name, body] of bodies) {
    for (const label of headers) {
      for (const eol of ["\n", "\r\n"]) {
        const title = `${name}, ${label ?? "no headers"}, ${JSON.stringify(eol)}`;
        it(`is read: ${title}`, () => {
          const lines = body(eol);
          const text =
            label === undefined
              ? lines
              : `-----BEGIN ${label}-----${eol}${lines}${eol}-----END ${label}-----`;
          expect(decodeCsrText(text)).toEqual(der);
          expect(decodeCsrText(text + eol)).toEqual(der);
        });
      }
    }
  }

  const refused: Record<string, string> = {
    "lines of another width": wrapped(70, "\n"),
    "lines of both widths": `${base64.slice(0, 64)}\n${base64.slice(64, 140)}\n${base64.slice(140)}`,
    "mixed line ends": `${base64.slice(0, 64)}\r\n${base64.slice(64, 128)}\n${base64.slice(128, 192)}\r\n`,
    "an empty line inside": wrapped(64, "\n").replace("\n", "\n\n"),
    "spaces inside": `${base64.slice(0, 64)} ${base64.slice(64)}`,
    "text before the header": `x\n-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----`,
    "text after the footer": `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\nx`,
    "header and footer that differ": `-----BEGIN NEW CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----`,
    "another label": `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`,
    "no footer": `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n`,
    "nothing between the headers": "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----",
    "the URL alphabet": Buffer.from("fbff", "hex").toString("base64url"),
    "lost padding": Buffer.alloc(10).toString("base64").replaceAll("=", ""),
    "stray bits in the last character": "AB==",
    nothing: "",
  };
  for (const [name, text] of Object.entries(refused)) {
    it(`with ${name} is refused`, () => {
      expect(codeOf(() => decodeCsrText(text))).toBe("CSR_TEXT_MALFORMED");
    });
  }
});

describe("a CSR in a web service message", () => {
  it("is read as Base64 without whitespace and headers", () => {
    expect(decodeWebServiceCsr(base64)).toEqual(der);
  });

  it.each([
    `${base64}\n`,
    ` ${base64}`,
    wrapped(64, "\n"),
    "",
    "AB==",
    "====",
    `-----BEGIN CERTIFICATE REQUEST-----\n${base64}`,
  ])("is refused in any other form: %j", (text) => {
    expect(codeOf(() => decodeWebServiceCsr(text))).toBe("CSR_BASE64_MALFORMED");
  });

  it("over the size limit is refused before it is decoded", () => {
    const large = Buffer.alloc(csrOctetLimit + 1).toString("base64");
    expect(codeOf(() => decodeWebServiceCsr(large))).toBe("CSR_TOO_LARGE");
    expect(codeOf(() => decodeCsrText("A".repeat(10_000_000)))).toBe("CSR_TOO_LARGE");
    expect(decodeWebServiceCsr(Buffer.alloc(csrOctetLimit).toString("base64"))).toHaveLength(csrOctetLimit);
  });

  it("decodes only what encodes back to the same text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("A", "B", "a", "0", "+", "/", "=", " ", "\n", "-", "_") }),
        (text) => {
          const code = codeOf(() => {
            expect(decodeWebServiceCsr(text).toString("base64")).toBe(text);
          });
          expect(["accepted", "CSR_BASE64_MALFORMED"]).toContain(code);
        },
      ),
    );
  });
});
