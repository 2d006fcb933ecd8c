import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { adHocRefusal } from "./error-codes.ts";
import { readAdHocAnswer, readAdHocRequest, writeAdHocAnswer, writeAdHocRequest } from "./index.ts";

const message = (csr: string, id = `ID="clientId1"`, version = "1.0") =>
  Buffer.from(
    `<?xml version="1.0" encoding="utf-8"?>\n<DeviceCertificateSigningRequest ${id}>\n<Version>${version}</Version>\n<CertificateSigningRequest>${csr}</CertificateSigningRequest>\n</DeviceCertificateSigningRequest>`,
  );

function codeOf(read: () => unknown): string {
  try {
    read();
    return "taken";
  } catch (error) {
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

describe("a request to the Ad Hoc Device CSR Web Service", () => {
  test("is read as Appendix M writes it", () => {
    expect(readAdHocRequest(message("MIIBDQ=="))).toEqual({
      reference: "clientId1",
      request: Buffer.from("3082010d", "hex"),
    });
  });

  test("that we write is read back, whatever its ID", () => {
    const reference = fc
      .array(
        fc.oneof(
          fc.constantFrom("&", "<", '"', "\t", "\n", "\r", " "),
          fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
        ),
        {
          minLength: 1,
          maxLength: 32,
        },
      )
      .map((characters) => characters.join(""))
      // XML 1.0 has no way to write the others.
      .filter((text) => !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text));
    fc.assert(
      fc.property(reference, fc.uint8Array({ maxLength: 300 }), (id, octets) => {
        const read = readAdHocRequest(Buffer.from(writeAdHocRequest(id, octets)));
        expect(read).toEqual({ reference: id, request: Buffer.from(octets) });
      }),
    );
  });

  test.each([
    ["an ID of 32 characters of four octets", message("AAAA", `ID="${"😀".repeat(32)}"`), "taken"],
    ["an ID of 33 characters", message("AAAA", `ID="${"a".repeat(33)}"`), "MESSAGE_REFERENCE_INVALID"],
    ["an empty ID", message("AAAA", `ID=""`), "MESSAGE_REFERENCE_INVALID"],
    ["no ID", message("AAAA", ""), "MESSAGE_REFERENCE_INVALID"],
    ["a numeric ID, which only a batch refuses", message("AAAA", `ID="1"`), "taken"],
    ["another version", message("AAAA", `ID="a"`, "2.0"), "MESSAGE_VERSION_UNSUPPORTED"],
    ["a version with a blank", message("AAAA", `ID="a"`, "1.0 "), "MESSAGE_VERSION_UNSUPPORTED"],
    ["an attribute of the root that is none", message("AAAA", `ID="a" Id="b"`), "MESSAGE_INVALID"],
    ["a namespace", message("AAAA", `ID="a" xmlns="urn:smki"`), "MESSAGE_INVALID"],
    [
      "what tools write at the root",
      message(
        "AAAA",
        `ID="a" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="DeviceCSR-1.0.xsd"`,
      ),
      "taken",
    ],
    [
      "a prefix that is bound to something else",
      message("AAAA", `ID="a" xmlns:xsi="urn:x" xsi:schemaLocation="urn:a b"`),
      "MESSAGE_INVALID",
    ],
    ["a PEM header", message("-----BEGIN CERTIFICATE REQUEST-----\nAAAA"), "MESSAGE_BASE64_INVALID"],
    ["the URL alphabet", message("_-8="), "MESSAGE_BASE64_INVALID"],
    ["stray bits", message("AB=="), "MESSAGE_BASE64_INVALID"],
    ["lost padding", message("AA"), "MESSAGE_BASE64_INVALID"],
    ["a line break", message("AAAA\nAAAA"), "MESSAGE_BASE64_INVALID"],
    ["blanks around the CSR", message(" AAAA "), "MESSAGE_BASE64_INVALID"],
    ["an element in the CSR", message("AA<b/>AA"), "MESSAGE_INVALID"],
    ["a comment in the CSR", message("AA<!-- -->AA"), "taken"],
    ["no CSR at all, which the schema permits", message(""), "taken"],
    ["another root", Buffer.from(`<SubmitCSRBatch ID="a"/>`), "MESSAGE_INVALID"],
    ["a document type", Buffer.from("<!DOCTYPE a><a/>"), "XML_INVALID"],
    ["a body over 16 KiB", message("AAAA".repeat(5000)), "REQUEST_TOO_LARGE"],
  ])("with %s", (_, octets, code) => {
    expect(codeOf(() => readAdHocRequest(octets))).toBe(code);
  });

  test("has its elements once and in their order", () => {
    const [version, csr] = [
      "<Version>1.0</Version>",
      "<CertificateSigningRequest>AAAA</CertificateSigningRequest>",
    ];
    const read = (...children: string[]) =>
      codeOf(() =>
        readAdHocRequest(
          Buffer.from(
            `<DeviceCertificateSigningRequest ID="a">${children.join("")}</DeviceCertificateSigningRequest>`,
          ),
        ),
      );
    expect(read(version, csr)).toBe("taken");
    for (const children of [
      [csr, version],
      [version],
      [csr],
      [],
      [version, csr, csr],
      [version, version, csr],
      [version, csr, "x"],
    ])
      expect(read(...children), children.join("")).toBe("MESSAGE_INVALID");
  });

  test("may have white space in its Base64 where that is the schema's to say", () => {
    const wrapped = message("\n  AAAA\r\n\tAA A =\n");
    expect(codeOf(() => readAdHocRequest(wrapped, "refused"))).toBe("MESSAGE_BASE64_INVALID");
    expect(readAdHocRequest(wrapped, "collapsed").request).toEqual(Buffer.alloc(5));
    expect(codeOf(() => readAdHocRequest(message("AA\u00a0AA"), "collapsed"))).toBe("MESSAGE_BASE64_INVALID");
  });
});

describe("an answer of the Ad Hoc Device CSR Web Service", () => {
  const certificate = Buffer.from("30820102", "hex");
  test("is read back as it was written", () => {
    for (const answer of [
      { status: "SUCCESS", certificate } as const,
      adHocRefusal({ code: "CSR_SIGNATURE_INVALID", details: {} }),
    ])
      for (const reference of ["1", undefined]) {
        const written = { reference, build: "0.3.0", transactionId: "12345", answer };
        expect(readAdHocAnswer(Buffer.from(writeAdHocAnswer(written)))).toEqual(written);
      }
  });

  const answered = (rest: string) =>
    Buffer.from(
      `<DeviceCertificateSigningResponse><Version>1.0</Version><Build>1.1.4</Build><TransactionId>+0012</TransactionId>${rest}</DeviceCertificateSigningResponse>`,
    );
  const error = "<Error><ErrorCode>WF:123</ErrorCode><ErrorText/></Error>";
  test("is taken from another service, with codes of its own", () => {
    expect(readAdHocAnswer(answered(`<Status>CA_ERROR</Status>${error}`))).toMatchObject({
      transactionId: "12",
      answer: { status: "CA_ERROR", error: { code: "WF:123", text: "" } },
    });
    const wrapped = answered("<Status>SUCCESS</Status><Certificate>\nMIIB\nAg==\n</Certificate>");
    expect(readAdHocAnswer(wrapped).answer).toEqual({
      status: "SUCCESS",
      certificate: Buffer.from("MIIBAg==", "base64"),
    });
  });
  test.each([
    ["success without a certificate", `<Status>SUCCESS</Status>${error}`],
    ["an empty certificate", "<Status>SUCCESS</Status><Certificate/>"],
    ["failure with a certificate", "<Status>CSR_ERROR</Status><Certificate>AAAA</Certificate>"],
    ["a status of the batched service", `<Status>INELIGIBLE</Status>${error}`],
    ["an error code of another form", `<Status>CSR_ERROR</Status>${error.replace("WF:123", "WF:12345678")}`],
  ])("is refused with %s", (_, rest) => {
    expect(codeOf(() => readAdHocAnswer(answered(rest)))).toBe("ANSWER_INVALID");
  });
});
