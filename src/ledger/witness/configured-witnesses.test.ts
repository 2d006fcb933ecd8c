import { expect, test } from "vitest";
import { formatVerifierKey } from "../note.ts";
import { configuredWitnesses } from "./configured-witnesses.ts";
import { testKey } from "./witness.testkit.ts";

const one = formatVerifierKey(testKey("witness.example/1", "cosignature").verifier);
const two = formatVerifierKey(testKey("witness.example/2", "cosignature").verifier);
const ofLedger = formatVerifierKey(testKey("log.example/one", "signature").verifier);

test("a witness's requests go below its address, with a slash at its end or without", () => {
  const witnesses = configuredWitnesses([`${one} https://witness.example/a`, `${two}  http://[::1]:8084/b/`]);
  expect(witnesses.map(({ url }) => new URL("add-checkpoint", url).href)).toEqual([
    "https://witness.example/a/add-checkpoint",
    "http://[::1]:8084/b/add-checkpoint",
  ]);
  expect(witnesses.map(({ verifier }) => formatVerifierKey(verifier))).toEqual([one, two]);
});

test.each([
  [[`${ofLedger} https://witness.example/`], "the key of a ledger"],
  [[`${one} https://a.example/`, `${one} https://b.example/`], "a name that stands twice"],
  [[`${one} witness`], "no address"],
  [[one], "no address at all"],
  [[`${one} ftp://witness.example/`], "an address of another scheme"],
  [[`${one} https://us:secret@witness.example/`], "a password in the address"],
  [[`${one} https://witness.example/?key=secret`], "a query in the address"],
  [[`${one.replace("+", "+0")} https://witness.example/`], "an id that is not the key's"],
])("%j is refused: %s", (lines) => {
  expect(() => configuredWitnesses(lines)).toThrow(
    expect.objectContaining({ code: "LEDGER_VERIFIER_KEY_MALFORMED" }),
  );
});
