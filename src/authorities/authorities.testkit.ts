import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { sql } from "kysely";
import {
  type AuthorityName,
  assembleCertificate,
  buildTbsCertificate,
  type CertificateFields,
  type Eui64,
  type KeyUsage,
  normaliseSerialNumber,
  oid,
  parseCertificate,
  type RemotePartyRole,
  type SerialNumber,
  subjectKeyIdentifier,
} from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import type { AuthorityProfile } from "./authority.ts";
import { insertAuthority } from "./authority-store.ts";
import { certificateRow, insertCertificates } from "./certificate-store.ts";

/** A CA of a test, whose key lives as long as the test. */
export interface TestAuthority {
  readonly id: TestProfile;
  readonly name: AuthorityName;
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
  readonly fields: CertificateFields;
  /** DER. */
  readonly certificate: Buffer;
}

/** The two hierarchies for devices and organisations, each a root and its issuing CA. */
export type TestHierarchy = Readonly<Record<TestProfile, TestAuthority>>;
type TestProfile = Extract<AuthorityProfile, "root-oca" | "issuing-oca" | "root-dca" | "issuing-dca">;

/** A certificate of a test with its private key. */
export interface TestCertificate {
  readonly authorityId: TestProfile;
  readonly fields: CertificateFields;
  /** DER. */
  readonly certificate: Buffer;
  readonly privateKey: KeyObject;
}

const policy = oid("1.2.826.0.1.8641679.1.2.1.4");
const hardwareType = oid("1.2.826.0.1.8641679.1.2.2.1");
const names = {
  "root-oca": { organisationalUnit: "00", commonName: "ZA" },
  "issuing-oca": { organisationalUnit: "07", commonName: "Z1" },
  "root-dca": { commonName: "ZB" },
  "issuing-dca": { commonName: "D001" },
} as const satisfies Record<TestProfile, AuthorityName>;

const makeKey = () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return { publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-65), privateKey };
};

/** A random one: those of the service begin with the time, which a certificate of the past has not. */
const anySerialNumber = (): SerialNumber =>
  normaliseSerialNumber(`4${randomBytes(16).toString("hex").slice(1)}`);

const signed = (fields: CertificateFields, key: KeyObject): Buffer => {
  const toBeSigned = buildTbsCertificate(fields);
  return assembleCertificate(toBeSigned, sign("sha256", toBeSigned, key));
};

/** Makes the CAs and lodges them with their certificates, as one ceremony would. */
export async function lodgeTestHierarchy(tx: Tx, at: Date): Promise<TestHierarchy> {
  const rootOca = makeAuthority("root-oca", at);
  const rootDca = makeAuthority("root-dca", at);
  const hierarchy: TestHierarchy = {
    "root-oca": rootOca,
    "issuing-oca": makeAuthority("issuing-oca", at, rootOca),
    "root-dca": rootDca,
    "issuing-dca": makeAuthority("issuing-dca", at, rootDca),
  };
  const ceremony = await sql<{ id: number }>`
    insert into ceremony (purpose, environment, state, begun_at, held_at, sample_witnesses)
    values ('found', 'test', 'held', ${at}, ${at}, true) returning id`.execute(tx);
  for (const authority of Object.values(hierarchy)) {
    const issuerId = authority.id.startsWith("root") ? authority.id : issuerOfProfile(authority.id);
    const certificate = parseCertificate(authority.certificate);
    const row = certificateRow(certificate, authority.fields, issuerId, undefined, at);
    await insertAuthority(
      tx,
      {
        id: authority.id,
        profile: authority.id,
        issuerId,
        serialNumber: row.serialNumber,
        certificate: authority.certificate,
        keyLabel: authority.id,
        state: "active",
      },
      ceremony.rows[0]?.id ?? 0,
    );
    await insertCertificates(tx, [row]);
  }
  return hierarchy;
}

const issuerOfProfile = (id: TestProfile): TestProfile => (id === "issuing-oca" ? "root-oca" : "root-dca");

function makeAuthority(id: TestProfile, at: Date, issuer?: TestAuthority): TestAuthority {
  const key = makeKey();
  const fields = authorityFields(id, key.publicKey, at, issuer);
  const certificate = signed(fields, issuer?.privateKey ?? key.privateKey);
  return { id, name: names[id], ...key, fields, certificate };
}

function authorityFields(
  profile: TestProfile,
  publicKey: Buffer,
  at: Date,
  issuer?: TestAuthority,
): CertificateFields {
  const subject = names[profile];
  const common = { serialNumber: anySerialNumber(), policy, publicKey, subject, validity: tenYears(at) };
  if (profile === "root-dca") return { ...common, profile };
  if (profile === "root-oca") {
    // RFC 3394's identifier for AES-256; nobody unwraps this key.
    const wrapAlgorithm = oid("2.16.840.1.101.3.4.1.45");
    return { ...common, profile, wrappedContingencyKey: { wrapAlgorithm, wrappedKey: Buffer.alloc(104, 1) } };
  }
  if (issuer === undefined) throw new Error(`${profile} needs an issuer`);
  return { ...common, profile, ...issuedBy(issuer) };
}

const issuedBy = (issuer: TestAuthority) => ({
  issuer: issuer.name,
  authorityKeyIdentifier: subjectKeyIdentifier(issuer.publicKey),
});

/** Whole seconds, ten years from `from`. */
function tenYears(from: Date) {
  const notBefore = new Date(Math.floor(from.getTime() / 1000) * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + 10);
  return { notBefore, notAfter: new Date(notAfter.getTime() - 1000) };
}

/** What both kinds of test certificate are made from. */
interface Wanted {
  readonly keyUsage: KeyUsage;
  /** The start of its validity. */
  readonly from: Date;
  /** Default: a new one. */
  readonly serialNumber?: SerialNumber;
}

/** Makes a Device Certificate; it is not lodged. */
export function makeDeviceCertificate(
  hierarchy: TestHierarchy,
  { deviceId, keyUsage, from, serialNumber }: Wanted & { readonly deviceId: Eui64 },
): TestCertificate {
  const issuer = hierarchy["issuing-dca"];
  const { publicKey, privateKey } = makeKey();
  const fields: CertificateFields = {
    profile: "device",
    serialNumber: serialNumber ?? anySerialNumber(),
    policy,
    publicKey,
    hardwareType,
    deviceId,
    keyUsage,
    validity: { notBefore: tenYears(from).notBefore, notAfter: "indefinite" },
    ...issuedBy(issuer),
  };
  const certificate = signed(fields, issuer.privateKey);
  return { authorityId: issuer.id, fields, certificate, privateKey };
}

/** Makes an Organisation Certificate, valid for ten years; it is not lodged. */
export function makeOrganisationCertificate(
  hierarchy: TestHierarchy,
  wanted: Wanted & { readonly entityIdentifier: Eui64; readonly role: RemotePartyRole },
): TestCertificate {
  const issuer = hierarchy["issuing-oca"];
  const { publicKey, privateKey } = makeKey();
  const fields: CertificateFields = {
    profile: "organisation",
    serialNumber: wanted.serialNumber ?? anySerialNumber(),
    policy,
    publicKey,
    subject: { role: wanted.role, entityIdentifier: wanted.entityIdentifier },
    keyUsage: wanted.keyUsage,
    validity: tenYears(wanted.from),
    ...issuedBy(issuer),
  };
  const certificate = signed(fields, issuer.privateKey);
  return { authorityId: issuer.id, fields, certificate, privateKey };
}

/** Lodges certificates, as publishing would. */
export async function lodgeTestCertificates(
  tx: Tx,
  certificates: readonly TestCertificate[],
  at: Date,
): Promise<void> {
  const rows = certificates.map(({ authorityId, fields, certificate }) =>
    certificateRow(parseCertificate(certificate), fields, authorityId, undefined, at),
  );
  await insertCertificates(tx, rows);
}
