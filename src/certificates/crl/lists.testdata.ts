import { sign } from "node:crypto";
import { issuerKey } from "../lint/samples.testdata.ts";
import { keyIdentifier, normaliseSerialNumber } from "../vocabulary/index.ts";
import { assembleCrl, buildTbsCrl, type CrlFields } from "./build.ts";

/** What a conforming list says. */
export const listFields: CrlFields = {
  issuer: { organisationalUnit: "07", commonName: "Z1" },
  algorithm: "ecdsa-with-SHA256",
  thisUpdate: new Date("2026-03-01T12:00:00Z"),
  nextUpdate: new Date("2026-03-03T12:00:00Z"),
  number: 7n,
  authorityKeyIdentifier: keyIdentifier("4f5688d7ec933be2"),
  revoked: [
    {
      serialNumber: normaliseSerialNumber("4fbc5252000000000000000000000001"),
      revocationDate: new Date("2026-02-28T23:59:59Z"),
      reason: "keyCompromise",
    },
    {
      serialNumber: normaliseSerialNumber("1000000000000000000000000000ffff"),
      revocationDate: new Date("2026-03-01T00:00:00Z"),
    },
  ],
};

/** Builds a list and signs it with the key of the samples' issuer. */
export function signList(fields: CrlFields): Buffer {
  const tbs = buildTbsCrl(fields);
  return assembleCrl(tbs, sign("sha256", tbs, issuerKey.privateKey));
}

/** {@link listFields}, signed. */
export const signedList: Buffer = signList(listFields);
