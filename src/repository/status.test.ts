import { describe, expect, test } from "vitest";
import { certificateStatus } from "./status.ts";

const now = new Date("2026-06-01T12:00:00Z");
const past = new Date("2026-05-31T00:00:00Z");
const future = new Date("2036-01-01T00:00:00Z");

describe("the status of a lodged certificate", () => {
  test("is I, whether its end is known or indefinite", () => {
    expect(certificateStatus({ notInUse: false, notAfter: future }, now)).toBe("I");
    expect(certificateStatus({ notInUse: false }, now)).toBe("I");
  });
  test("is I to the last second of its validity, and E after it", () => {
    expect(certificateStatus({ notInUse: false, notAfter: now }, now)).toBe("I");
    expect(certificateStatus({ notInUse: false, notAfter: now }, new Date(now.getTime() + 1))).toBe("E");
  });
  test("is R once revoked, even after its end", () => {
    expect(certificateStatus({ notInUse: false, revokedAt: past, notAfter: future }, now)).toBe("R");
    expect(certificateStatus({ notInUse: false, revokedAt: past, notAfter: past }, now)).toBe("R");
  });
  test("is N when it is reported as not in use", () => {
    expect(certificateStatus({ notInUse: true }, now)).toBe("N");
  });
});
