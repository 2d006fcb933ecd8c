import { describe, expect, it } from "vitest";
import { CKR, TOKEN_FLAG } from "./cryptoki.ts";
import { tokenFailure } from "./failure.ts";
import { requireSafeLogin } from "./token.ts";

const code = (value: string): unknown => expect.objectContaining({ code: value });
const token = (...flags: number[]): { label: string; flags: number } => ({
  label: "smki-operational",
  flags: flags.reduce((all, flag) => all | flag, TOKEN_FLAG.INITIALIZED),
});

/** As pkcs11js gives it. */
const returned = (name: string, value: number): Error => Object.assign(new Error(name), { code: value });

describe("a PIN is put to a token", () => {
  it("when nothing speaks against it", () => {
    expect(() => {
      requireSafeLogin(token(TOKEN_FLAG.PIN_INITIALIZED));
    }).not.toThrow();
  });

  it("not when one more wrong one would lock it, when it is locked, or when none was ever set", () => {
    const logIn =
      (...flags: number[]) =>
      () => {
        requireSafeLogin(token(...flags));
      };
    expect(logIn(TOKEN_FLAG.PIN_INITIALIZED, TOKEN_FLAG.PIN_FINAL_TRY)).toThrow(code("KEY_PIN_FINAL_TRY"));
    expect(logIn(TOKEN_FLAG.PIN_INITIALIZED, TOKEN_FLAG.PIN_LOCKED)).toThrow(code("KEY_PIN_LOCKED"));
    expect(logIn()).toThrow(code("KEY_PIN_LOCKED"));
  });
});

describe("a failure of a token", () => {
  it.each([
    ["CKR_PIN_INCORRECT", CKR.PIN_INCORRECT, "KEY_PIN_WRONG"],
    ["CKR_PIN_LEN_RANGE", CKR.PIN_LEN_RANGE, "KEY_PIN_WRONG"],
    ["CKR_PIN_LOCKED", CKR.PIN_LOCKED, "KEY_PIN_LOCKED"],
    ["CKR_PIN_EXPIRED", CKR.PIN_EXPIRED, "KEY_PIN_LOCKED"],
    ["CKR_DEVICE_REMOVED", CKR.DEVICE_REMOVED, "KEY_STORE_UNAVAILABLE"],
    ["CKR_TOKEN_NOT_PRESENT", CKR.TOKEN_NOT_PRESENT, "KEY_STORE_UNAVAILABLE"],
    ["CKR_SESSION_HANDLE_INVALID", CKR.SESSION_HANDLE_INVALID, "KEY_STORE_UNAVAILABLE"],
    ["CKR_MECHANISM_INVALID", CKR.MECHANISM_INVALID, "KEY_ALGORITHM_UNSUPPORTED"],
    ["CKR_FUNCTION_FAILED", 0x6, "KEY_TOKEN_FAILED"],
  ])("%s has a code and names the token and the return value", (name, value, expected) => {
    const failure = tokenFailure(returned(name, value), "smki-operational");
    expect(failure).toEqual(code(expected));
    expect(failure.details).toEqual({ token: "smki-operational", reason: name });
  });

  it("that is not the module's own quotes nothing of it", () => {
    const failure = tokenFailure(new TypeError("argument 73910284 has wrong type"), "t");
    expect(failure).toEqual(code("KEY_TOKEN_FAILED"));
    expect(failure.message).not.toContain("73910284");
  });
});
