import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  bitString,
  booleanTrue,
  contextConstructed,
  contextPrimitive,
  element,
  encodePem,
  header,
  nullValue,
  objectIdentifier,
  octetString,
  oid,
  sequence,
  setOf,
  smallInteger,
  Tag,
  time,
  unsignedInteger,
  utf8String,
} from "../../certificates/index.ts";

/** A server certificate with its key and the CA that signed it, all PEM. */
export interface SelfMadeCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

const sha256WithRsa = sequence(objectIdentifier(oid("1.2.840.113549.1.1.11")), nullValue);
const day = 24 * 60 * 60 * 1000;

/**
 * Makes a TLS server certificate for a desk or a CI run, under a CA of its own whose key is thrown away. It is
 * web PKI, none of the SMKI's profiles: an SMKI CA never signs a server's certificate (SEC Appendix M 2.4 has
 * it come from a publicly recognised CA).
 *
 * @param hosts - IP addresses and names that the server answers to
 */
export function makeServerCertificate(hosts: readonly string[], now: Date): SelfMadeCertificate {
  const ca = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const validity = { from: now.getTime() - day, to: now.getTime() + 397 * day };
  const caName = name("OpenSMKI test server CA");
  const caCertificate = certify(ca.privateKey, caName, caName, ca.publicKey, validity, [
    extension("2.5.29.19", sequence(booleanTrue), true),
    extension("2.5.29.15", bits(0x06), true),
  ]);
  const certificate = certify(
    ca.privateKey,
    caName,
    name("OpenSMKI test server"),
    server.publicKey,
    validity,
    [
      extension("2.5.29.15", bits(0xa0), true),
      extension("2.5.29.37", sequence(objectIdentifier(oid("1.3.6.1.5.5.7.3.1")))),
      extension("2.5.29.17", sequence(...hosts.map(generalName))),
    ],
  );
  return {
    certificate: encodePem(certificate),
    key: server.privateKey.export({ format: "pem", type: "pkcs8" }),
    authority: encodePem(caCertificate),
  };
}

function certify(
  issuerKey: KeyObject,
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  validity: { from: number; to: number },
  extensions: readonly Buffer[],
): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const tbs = sequence(
    element(contextConstructed(0), smallInteger(2)),
    unsignedInteger(serial),
    sha256WithRsa,
    issuer,
    sequence(time(validity.from - (validity.from % 1000)), time(validity.to - (validity.to % 1000))),
    subject,
    publicKey.export({ format: "der", type: "spki" }),
    element(contextConstructed(3), sequence(...extensions)),
  );
  return sequence(tbs, sha256WithRsa, bitString(sign("sha256", tbs, issuerKey)));
}

const name = (commonName: string) =>
  sequence(setOf(sequence(objectIdentifier(oid("2.5.4.3")), utf8String(commonName))));

/** A BIT STRING of one octet with its trailing zero bits left out, as DER wants a named bit list. */
function bits(octet: number): Buffer {
  const unused = Math.log2(octet & -octet);
  return Buffer.concat([header(Tag.bitString, 2), Buffer.from([unused, octet])]);
}

function extension(identifier: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid(identifier)), ...(critical ? [booleanTrue] : []), octetString(value));
}

/** iPAddress [7] for an IPv4 address, dNSName [2] for anything else (RFC 5280 4.2.1.6). */
function generalName(host: string): Buffer {
  const parts = host.split(".").map(Number);
  const isAddress =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256);
  return isAddress
    ? element(contextPrimitive(7), Buffer.from(parts))
    : element(contextPrimitive(2), Buffer.from(host, "latin1"));
}
