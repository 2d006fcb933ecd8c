import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { parseCsr } from "../../src/certificates/index.ts";

/** The octets of one CSR as the floor needs them: already taken apart, since parsing is no part of it. */
interface FloorRequest {
  readonly publicKey: Buffer;
  readonly info: Buffer;
  readonly signature: Buffer;
}

/** What the floor works with. */
export interface FloorMaterial {
  readonly requests: readonly FloorRequest[];
  /** As long as the TBSCertificate of a Device Certificate. */
  readonly toBeSigned: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const octetsToBeSigned = 300;

/** Takes CSRs apart for the floor, and makes an issuer's key. */
export function floorMaterial(requests: readonly Buffer[]): FloorMaterial {
  return {
    requests: requests.map((request) => {
      const { subjectPublicKeyInfo, info, signatureValue } = parseCsr(request);
      return { publicKey: subjectPublicKeyInfo.der, info, signature: signatureValue };
    }),
    toBeSigned: Buffer.alloc(octetsToBeSigned, 0x5a),
    ...generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  };
}

/**
 * The least that issuing one certificate can cost with this library: import of the fresh key, verify its signature,
 * sign, verify our own signature. Nothing is parsed, built, linted or stored.
 */
export function floorOnce(material: FloorMaterial, index: number): void {
  const { requests, toBeSigned, privateKey, publicKey } = material;
  const request = requests[index % requests.length];
  if (request === undefined) throw new Error("the floor needs CSRs");
  const fresh = createPublicKey({ key: request.publicKey, format: "der", type: "spki" });
  const proven = verify("sha256", request.info, fresh, request.signature);
  const signature = sign("sha256", toBeSigned, privateKey);
  if (!proven || !verify("sha256", toBeSigned, publicKey, signature))
    throw new Error("a signature of the floor does not verify");
}
