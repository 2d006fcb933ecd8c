import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { decodeCertificateFile } from "./certificate-file.ts";
import type { Certificate } from "./syntax/index.ts";

/** The optional folder of published certificates; tests that need it are skipped where it is absent. */
export const realDataFolder: string = join(import.meta.dirname, "../../../shared/data/real");

/** True when the optional folder of published certificates is there. */
export const hasRealData: boolean = existsSync(join(realDataFolder, "certificates"));

/** One published certificate of the DCC's test environments. */
export interface RealCertificate {
  /** `keystore:` and the name in the npm package, or `published:` and the file's name without `.pem`. */
  readonly name: string;
  readonly der: Buffer;
  readonly certificate: Certificate;
}

/** The 33 certificates of the npm package `@smartdcc/dccboxed-keystore`, which every checkout has. */
export function loadKeystoreCertificates(): RealCertificate[] {
  const path = createRequire(import.meta.url).resolve("@smartdcc/dccboxed-keystore/keystore.json");
  const keystore = JSON.parse(readFileSync(path, "utf8")) as Keystore;
  return Object.values(keystore)
    .flatMap((usages) => Object.values(usages))
    .flatMap((serials) => Object.values(serials))
    .map((entry) => real(`keystore:${entry.name}`, entry.certificate));
}

type Keystore = Record<string, Record<string, Record<string, { name: string; certificate: string }>>>;

/** The 107 certificates of the optional folder; none where it is absent. */
export function loadPublishedCertificates(): RealCertificate[] {
  if (!hasRealData) return [];
  const folder = join(realDataFolder, "certificates");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".pem"))
    .map((file) => real(`published:${file.slice(0, -4)}`, readFileSync(join(folder, file))));
}

/** Every published certificate at hand. */
export function loadRealCertificates(): RealCertificate[] {
  return [...loadKeystoreCertificates(), ...loadPublishedCertificates()];
}

/** The DER public key of a CA whose certificate was never published; see the folder's own README. */
export function loadAuthorityKey(file: string): Buffer {
  const pem = readFileSync(join(realDataFolder, "ca-public-keys", file), "utf8");
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}

function real(name: string, file: string | Uint8Array): RealCertificate {
  const [certificate] = decodeCertificateFile(file);
  if (certificate === undefined) throw new Error(`${name}: no certificate`);
  return { name, der: certificate.der, certificate };
}

const noKeyIdentifierOfAuthority =
  "no authorityKeyIdentifier, with UTF8String names of the issuer, another order of extensions and a validity of a hundred years";
const nullParameters =
  "NULL parameters in ecdsa-with-SHA256, with a UTF8String name of the issuer and another order of extensions";
const emptyConstraints = "an empty basicConstraints in an end entity, before the other extensions";

/** Every published certificate that is not what its profile encodes, by name, with what deviates. */
export const deviants: Readonly<Record<string, string>> = {
  "keystore:dsp-xml-sign-90B3D51F30000002-ds": noKeyIdentifierOfAuthority,
  "keystore:mdr-ds": nullParameters,
  "keystore:mdr-ka": nullParameters,
  "keystore:otherUser-ds": emptyConstraints,
  "keystore:otherUser-ka": emptyConstraints,
  "keystore:xml-sign-00DB123456780004-ds": noKeyIdentifierOfAuthority,
  "keystore:xml-sign-90B3D51F30010000-ds": noKeyIdentifierOfAuthority,
  "keystore:xml-sign-90B3D51F30020000-ds": noKeyIdentifierOfAuthority,
  "published:90b3d51f30010008-ds": noKeyIdentifierOfAuthority,
  "published:CS03CCritical_8.7.1_SUCCESS_PRECOMMAND--00db123456789098-ka":
    "certificatePolicies is not critical",
  "published:dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1": `${noKeyIdentifierOfAuthority}; the organisational unit is decimal, 137`,
  "published:mdr-ka": nullParameters,
  "published:otherUser-ka": emptyConstraints,
  "published:xml-sign-90B3D51F30010000-ds": noKeyIdentifierOfAuthority,
};
