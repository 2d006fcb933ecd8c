import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Issuer, issuerOf } from "../../src/authorities/issuing/issuer.ts";
import {
  assembleCertificate,
  buildTbsCertificate,
  createSerialNumber,
  oid,
  subjectKeyIdentifier,
} from "../../src/certificates/index.ts";

/** An Issuing DCA whose key is in memory. */
export interface MemoryIssuer {
  readonly issuer: Issuer;
  readonly privateKey: KeyObject;
}

/** Makes an Issuing DCA of the test environment, under a root whose certificate nobody needs here. */
export function makeIssuingDca(now: Date): MemoryIssuer {
  const root = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const own = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pointOf = (key: KeyObject) => key.export({ format: "der", type: "spki" }).subarray(-65);
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const serialNumber = createSerialNumber(now);
  const toBeSigned = buildTbsCertificate({
    profile: "issuing-dca",
    serialNumber,
    policy: oid("1.2.826.0.1.8641679.1.2.1.4"),
    publicKey: pointOf(own.publicKey),
    issuer: { commonName: "ZB" },
    subject: { commonName: "D001" },
    authorityKeyIdentifier: subjectKeyIdentifier(pointOf(root.publicKey)),
    validity: { notBefore, notAfter: new Date(notBefore.getTime() + 25 * 365 * 86_400_000) },
  });
  const certificate = assembleCertificate(toBeSigned, sign("sha256", toBeSigned, root.privateKey));
  const issuer = issuerOf({
    ...{ id: "issuing-dca/0001", profile: "issuing-dca", issuerId: "root-dca", serialNumber, certificate },
    ...{ keyLabel: "issuing-dca/0001", state: "active", reserved: 0 },
  });
  return { issuer, privateKey: own.privateKey };
}
