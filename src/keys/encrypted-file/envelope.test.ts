import { createHash, createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { parseEnvelope, type StoreHeader, seal, unseal } from "./envelope.ts";
import { deriveKey } from "./key-derivation.ts";

const key = createSecretKey(Buffer.alloc(32, 9));
const scrypt = { N: 2 ** 15, r: 8, p: 1, salt: Buffer.alloc(16, 3).toString("base64") };
const header: StoreHeader = {
  environment: "test",
  purpose: "operational",
  estate: "estate-a",
  scrypt,
  check: "Y2hlY2s=",
};
const content = Buffer.from("the private keys");
const file = seal(header, key, content);
const code = (value: string): unknown => expect.objectContaining({ code: value });

/** Changes the text of the file as an attacker would: the checksum is made right again. */
function altered(change: (text: string) => string): Buffer {
  const body = change(file.toString().split("\n").slice(0, 2).join("\n"));
  return Buffer.from(`${body}\n${createHash("sha256").update(`${body}\n`).digest("hex")}\n`);
}

describe("the envelope of an encrypted key file", () => {
  it("gives back the header and the content, and shows no content", () => {
    const envelope = parseEnvelope(file);
    expect(envelope.header).toEqual(header);
    expect(unseal(envelope, key)).toEqual(content);
    expect(file.includes(content)).toBe(false);
    expect(file.includes(content.toString("base64").slice(0, 12))).toBe(false);
  });

  it("of a store that names no estate has the header that it had before stores named theirs", () => {
    const { estate: _, ...without } = header;
    const envelope = parseEnvelope(seal(without, key, content));
    expect(envelope.header).toEqual(without);
    expect(envelope.headerLine.toString()).not.toContain("estate");
    expect(unseal(envelope, key)).toEqual(content);
  });

  it.each(['""', "7", '"a\\nb"', "null"])(
    "is refused when its estate is %s, which none is named",
    (estate) => {
      const octets = altered((text) => text.replace('"estate-a"', () => estate));
      expect(() => parseEnvelope(octets)).toThrow(code("KEY_STORE_DAMAGED"));
    },
  );

  it("is different at every writing, under a fresh nonce", () => {
    expect(seal(header, key, content)).not.toEqual(file);
  });

  it("is found damaged when any octet of the file was altered or the end is missing", () => {
    for (let at = 0; at < file.length; at += 1) {
      const copy = Buffer.from(file);
      copy[at] = (copy[at] ?? 0) ^ 0x01;
      expect(() => parseEnvelope(copy), `octet ${String(at)}`).toThrow(code("KEY_STORE_DAMAGED"));
      expect(() => parseEnvelope(file.subarray(0, at))).toThrow(code("KEY_STORE_DAMAGED"));
    }
  });

  it.each([
    ["the environment", (text: string) => text.replace('"test"', '"live"')],
    ["the purpose", (text: string) => text.replace('"operational"', '"ceremony"')],
    ["the estate", (text: string) => text.replace("estate-a", "estate-b")],
    ["the estate's presence", (text: string) => text.replace('"estate":"estate-a",', "")],
    ["the passphrase check", (text: string) => text.replace("Y2hlY2s=", "Z2hlY2s=")],
    ["the spelling of the header", (text: string) => text.replace("{", "{ ")],
    [
      "the ciphertext",
      (text: string) => text.replace(/\n(.)/u, (_, first: string) => (first === "A" ? "\nB" : "\nA")),
    ],
  ])("does not open when %s was altered and the checksum made right again", (_, change) => {
    const envelope = parseEnvelope(altered(change));
    expect(() => unseal(envelope, key)).toThrow(code("KEY_STORE_DAMAGED"));
  });

  it.each([
    ["a cost that would exhaust memory", { N: 2 ** 30 }],
    ["a cost that makes guessing cheap", { N: 2 ** 10 }],
    ["a cost that is no power of two", { N: 2 ** 15 + 1 }],
    ["a large block size", { r: 2 ** 20 }],
    ["a large parallelism", { p: 2 ** 20 }],
    ["a salt of another length", { salt: "" }],
  ])("is refused for %s, before anything is spent on it", async (_, change) => {
    const hostile = { ...scrypt, ...change };
    const octets = altered((text) => text.replace(JSON.stringify(scrypt), JSON.stringify(hostile)));
    expect(octets.includes(JSON.stringify(hostile))).toBe(true);
    expect(() => parseEnvelope(octets)).toThrow(code("KEY_STORE_DAMAGED"));
    await expect(deriveKey("correct horse battery staple", hostile)).rejects.toEqual(
      code("KEY_STORE_DAMAGED"),
    );
  });

  it("of a later version is left to a later release", () => {
    const later = altered((text) => text.replace('"version":1', '"version":2'));
    expect(() => parseEnvelope(later)).toThrow(code("KEY_STORE_VERSION_UNKNOWN"));
  });

  it("never fails without a code, whatever the header says", () => {
    const anyHeader = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((text) => `{"format":"opensmki-key-store","version":1,"x":${text}}`),
    );
    fc.assert(
      fc.property(anyHeader, (line) => {
        const octets = altered((text) => text.replace(/^.*/u, () => line.replaceAll("\n", " ")));
        try {
          parseEnvelope(octets);
        } catch (error) {
          expect(isSmkiError(error)).toBe(true);
        }
      }),
    );
  });
});
