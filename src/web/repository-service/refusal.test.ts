import { describe, expect, test } from "vitest";
import { SmkiError } from "../../errors/smki-error.ts";
import { refusalOf, responseRootOf } from "./refusal.ts";

describe("a refusal is answered with", () => {
  test.each([
    ["BOXED_CERTIFICATE_NOT_FOUND", 402],
    ["CERTIFICATE_NOT_FOUND", 402],
    ["BOXED_PARAMETERS_INVALID", 401],
    ["EUI64_INVALID", 401],
    ["SERIAL_NUMBER_INVALID", 401],
    ["BOXED_API_KEY_WRONG", 401],
    ["XML_INVALID", 400],
    ["REQUEST_TOO_LARGE", 413],
    ["BOXED_MEDIA_TYPE", 415],
    ["BOXED_BUNDLE_MISSING", 404],
    ["DATABASE_UNAVAILABLE", 503],
  ] as const)("%s: %i, its code and what to do", (code, status) => {
    const refusal = refusalOf(new SmkiError(code));
    expect(refusal.status).toBe(status);
    expect(refusal.message.startsWith(`${code}: `)).toBe(true);
    expect(refusal.message.endsWith(refusal.error.remedy)).toBe(true);
  });

  test("the details of the request's own fault, and not those of a failure of ours", () => {
    expect(refusalOf(new SmkiError("EUI64_INVALID", { value: "zz" })).message).toContain("zz");
    const failure = new SmkiError(
      "DATABASE_FAILED",
      { table: "certificate" },
      { cause: new Error("inside") },
    );
    expect(refusalOf(failure).message).not.toMatch(/certificate|inside/);
  });

  test("INTERNAL for whatever has no code, with nothing of it", () => {
    for (const thrown of [
      new TypeError("secret of the program"),
      "secret",
      undefined,
      null,
      { statusCode: 500 },
    ])
      expect(refusalOf(thrown)).toMatchObject({
        status: 500,
        message: expect.not.stringContaining("secret"),
      });
    expect(refusalOf(new TypeError("secret")).error.code).toBe("INTERNAL");
  });

  test.each([
    [{ code: "FST_ERR_CTP_INVALID_MEDIA_TYPE", statusCode: 415 }, "BOXED_MEDIA_TYPE"],
    [{ code: "FST_ERR_CTP_BODY_TOO_LARGE", statusCode: 413 }, "REQUEST_TOO_LARGE"],
    [{ code: "FST_ERR_BAD_URL", statusCode: 400 }, "BOXED_REQUEST_INVALID"],
  ])("a code of the catalogue for what Fastify refuses: %o", (thrown, code) => {
    expect(refusalOf(thrown).error.code).toBe(code);
  });
});

test("the root of an answer is the one that a client of the address looks for", () => {
  expect(responseRootOf("/services/certificatesearch")).toBe("CertificateSearchResponse");
  expect(responseRootOf("/services/retrievecertificate")).toBe("CertificateDataResponse");
  expect(responseRootOf("/assets/crypto/org-crypto.zip")).toBe("ErrorResponse");
});
