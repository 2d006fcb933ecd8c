import { createECDH, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { oid } from "../der/index.ts";
import { eui64, keyIdentifier, normaliseSerialNumber, remotePartyRoles } from "../vocabulary/index.ts";
import type { CertificateFields, CertificateProfile } from "./certificate-fields.ts";

const points = Array.from({ length: 8 }, () => createECDH("prime256v1").generateKeys());
const rsaKeys = Array.from({ length: 2 }, () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "der", type: "spki" }),
);

const hex = (digits: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from("0123456789abcdef")),
    minLength: digits,
    maxLength: digits,
  });

const serialNumber = fc
  .tuple(fc.integer({ min: 1, max: 0x7f }), hex(30))
  .map(([first, rest]) => normaliseSerialNumber(first.toString(16) + rest));

const objectIdentifier = fc
  .array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 1, maxLength: 8 })
  .map((arcs) => oid(["1.2", ...arcs].join(".")));

/** Any printable text, in any script, that a subject may hold. */
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 16 })
  .filter((value) => value.isWellFormed() && !/\p{Cc}/u.test(value) && Array.from(value).length <= 64);

const printable = fc.string({
  unit: fc.constantFrom(...Array.from("ABCXYZabcxyz0189 '()+,-./:=?")),
  minLength: 1,
  maxLength: 64,
});

const unitName = fc.constantFrom(...remotePartyRoles.map((entry) => entry.organisationalUnit));
const role = fc.constantFrom(...remotePartyRoles.map((entry) => entry.code));
const roleName = fc.record({ commonName: printable, organisationalUnit: unitName });
const plainName = fc.record({ commonName: printable });
const freeName = fc.record(
  { commonName: printable, organisationalUnit: printable },
  { requiredKeys: ["commonName"] },
);

/** Whole seconds from 1950 to 9998, so that both types of time occur. */
const date = fc
  .integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(9998, 11, 31) / 1000 })
  .map((seconds) => new Date(seconds * 1000));
const validity = fc
  .tuple(date, date)
  .map(([one, other]) =>
    one <= other ? { notBefore: one, notAfter: other } : { notBefore: other, notAfter: one },
  );

const keyUsage = fc.constantFrom("digitalSignature" as const, "keyAgreement" as const);
const identifier = hex(16).map(keyIdentifier);
const rsaIdentifier = hex(40).map(keyIdentifier);
const entity = hex(16).map(eui64);
const p256 = { serialNumber, policy: objectIdentifier, publicKey: fc.constantFrom(...points) };
const rsa = { serialNumber, policy: objectIdentifier, publicKey: fc.constantFrom(...rsaKeys) };
const pathLength = fc.integer({ min: 0, max: 300 });

function rootOf<Profile extends string, Name, Key>(profile: Profile, name: fc.Arbitrary<Name>, common: Key) {
  return { profile: fc.constant(profile), subject: name, validity, pathLength, ...common };
}

function issuingOf<Profile extends string, Name, Key, Identifier>(
  profile: Profile,
  name: fc.Arbitrary<Name>,
  common: Key,
  authorityKeyIdentifier: fc.Arbitrary<Identifier>,
) {
  return {
    profile: fc.constant(profile),
    issuer: name,
    subject: name,
    validity,
    authorityKeyIdentifier,
    ...common,
  };
}

const rootKeys = ["profile", "subject", "validity", "serialNumber", "policy", "publicKey"] as const;

/** Random fields of each profile, valid ones: what they encode to must read back as the same fields. */
export const arbitraryFields: Readonly<Record<CertificateProfile, fc.Arbitrary<CertificateFields>>> = {
  "root-oca": fc.record(
    {
      ...rootOf("root-oca", roleName, p256),
      wrappedContingencyKey: fc.record({
        wrapAlgorithm: objectIdentifier,
        wrappedKey: fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
      }),
    },
    { requiredKeys: [...rootKeys, "wrappedContingencyKey"] },
  ),
  "issuing-oca": issuing(fc.record(issuingOf("issuing-oca", roleName, p256, identifier))),
  "root-dca": fc.record(rootOf("root-dca", plainName, p256), { requiredKeys: [...rootKeys] }),
  "issuing-dca": issuing(fc.record(issuingOf("issuing-dca", plainName, p256, identifier))),
  organisation: fc.record({
    ...issuingOf("organisation", roleName, p256, identifier),
    subject: fc.record(
      { commonName: text, role, entityIdentifier: entity },
      { requiredKeys: ["role", "entityIdentifier"] },
    ),
    keyUsage,
  }),
  device: fc.record({
    profile: fc.constant("device" as const),
    ...p256,
    issuer: plainName,
    validity: fc.record({ notBefore: date, notAfter: fc.constant("indefinite" as const) }),
    deviceId: entity,
    hardwareType: objectIdentifier,
    keyUsage,
    authorityKeyIdentifier: identifier,
  }),
  "iki-root": fc.record(rootOf("iki-root", freeName, rsa), { requiredKeys: [...rootKeys] }),
  "iki-issuing": issuing(fc.record(issuingOf("iki-issuing", freeName, rsa, rsaIdentifier))),
  "iki-end-entity": fc.record({
    ...issuingOf("iki-end-entity", freeName, rsa, rsaIdentifier),
    subject: fc.record({ organisation: text, role, commonName: text }),
  }),
};

/** An issuing CA of its own name would be a root. */
function issuing<Fields extends { issuer: { commonName: string }; subject: { commonName: string } }>(
  fields: fc.Arbitrary<Fields>,
): fc.Arbitrary<Fields> {
  return fields.filter(({ issuer, subject }) => issuer.commonName !== subject.commonName);
}
