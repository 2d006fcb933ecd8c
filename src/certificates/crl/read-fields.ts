import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readDer, readIntegerOctets, Tag } from "../der/index.ts";
import { decodeAuthorityKeyIdentifier } from "../extensions/index.ts";
import { signatureAlgorithmOf } from "../keys/index.ts";
import type { AuthorityName } from "../profiles/index.ts";
import { attributesOf, type Extension, type Name, textOf } from "../syntax/index.ts";
import { keyIdentifier, Oids, serialNumberFromOctets } from "../vocabulary/index.ts";
import type { CrlFields } from "./build.ts";
import type { RevokedCertificate } from "./encode-entries.ts";
import type { CertificateList, CrlEntry } from "./parse.ts";
import { type RevocationReason, reasonOf } from "./reason.ts";

/**
 * Reads what a list says, in the words of its profile. Of a list that was built from fields, the same fields.
 *
 * @throws SmkiError CRL_PROFILE_UNSUPPORTED, naming the part that is missing or of another form
 */
export function readCrlFields(list: CertificateList): CrlFields {
  if (list.nextUpdate === undefined) throw unsupported("nextUpdate");
  return {
    issuer: reading("issuer", () => authorityName(list.issuer)),
    algorithm: reading("signature", () => signatureAlgorithmOf(list.tbsSignatureAlgorithm)),
    thisUpdate: new Date(list.thisUpdate.milliseconds),
    nextUpdate: new Date(list.nextUpdate.milliseconds),
    number: reading("cRLNumber", () => crlNumber(list)),
    authorityKeyIdentifier: reading("authorityKeyIdentifier", () => authorityKeyIdentifier(list)),
    revoked: reading("revokedCertificates", () => list.entries.map(revokedCertificate)),
  };
}

function authorityName(name: Name): AuthorityName {
  const commonName = textOfOnly(name, "commonName");
  const organisationalUnit = textOfOnly(name, "organisationalUnit");
  if (commonName === undefined) throw unsupported("issuer");
  return organisationalUnit === undefined ? { commonName } : { commonName, organisationalUnit };
}

function textOfOnly(name: Name, type: "commonName" | "organisationalUnit"): string | undefined {
  const [attribute, ...others] = attributesOf(name, Oids[type]);
  if (others.length > 0) throw unsupported("issuer");
  return attribute === undefined ? undefined : textOf(attribute);
}

/** The contents of an INTEGER that is not negative, as a number of any size. */
function crlNumber(list: CertificateList): bigint {
  const octets = readDer(valueOf(list.extensions, Oids.cRLNumber), (reader) => readIntegerOctets(reader));
  if ((octets[0] ?? 0) >= 0x80) throw unsupported("cRLNumber");
  return BigInt(`0x${octets.toString("hex")}`);
}

function authorityKeyIdentifier(list: CertificateList) {
  const value = decodeAuthorityKeyIdentifier(valueOf(list.extensions, Oids.authorityKeyIdentifier));
  if (value.keyIdentifier === undefined) throw unsupported("authorityKeyIdentifier");
  return keyIdentifier(value.keyIdentifier.toString("hex"));
}

function valueOf(extensions: readonly Extension[], id: string): Buffer {
  const found = extensions.find((extension) => extension.id === id);
  if (found === undefined) throw unsupported(id);
  return found.value;
}

function revokedCertificate(entry: CrlEntry): RevokedCertificate {
  const fields = {
    serialNumber: serialNumberFromOctets(entry.serialNumber),
    revocationDate: new Date(entry.revocationDate.milliseconds),
  };
  const reason = reasonOfEntry(entry);
  return reason === undefined ? fields : { ...fields, reason };
}

function reasonOfEntry(entry: CrlEntry): RevocationReason | undefined {
  const extension = entry.extensions.find(({ id }) => id === Oids.reasonCode);
  return extension === undefined ? undefined : decodeReason(extension.value);
}

/**
 * Reads the value of a reasonCode entry extension.
 *
 * @throws SmkiError CRL_PROFILE_UNSUPPORTED for a number that RFC 5280 5.3.1 does not define, or a `DER_` code
 */
export function decodeReason(value: Buffer): RevocationReason {
  // ENUMERATED has INTEGER's encoding but for its tag (X.690 8.4); every code fits into one octet.
  const code = readDer(value, (reader) => reader.contents(Tag.enumerated));
  const reason = code.length === 1 ? reasonOf(code[0] ?? -1) : undefined;
  if (reason === undefined) throw unsupported("reasonCode");
  return reason;
}

function reading<T>(part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error) || error.code === "CRL_PROFILE_UNSUPPORTED") throw error;
    throw new SmkiError("CRL_PROFILE_UNSUPPORTED", { part, reason: error.code }, { cause: error });
  }
}

function unsupported(part: string): SmkiError {
  return new SmkiError("CRL_PROFILE_UNSUPPORTED", { part });
}
