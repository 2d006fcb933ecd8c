import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  assembleCsr,
  buildDeviceCsrInfo,
  type Eui64,
  type KeyUsage,
  type Oid,
} from "../../certificates/index.ts";

/** A key pair of a simulated meter, with its CSR. The private key never leaves the meter. */
export interface MeterKey {
  readonly deviceId: Eui64;
  readonly keyUsage: KeyUsage;
  /** The uncompressed point. */
  readonly publicKey: Buffer;
  /** PKCS#10, DER. */
  readonly csr: Buffer;
}

const usages = ["digitalSignature", "keyAgreement"] as const;

/** Makes the two keys of the meter with that number, and their CSRs (SEC Appendix M, appendix F). */
export function makeMeter(firstDevice: Eui64, number: number, hardwareType: Oid): MeterKey[] {
  const deviceId = (BigInt(`0x${firstDevice}`) + BigInt(number)).toString(16).padStart(16, "0") as Eui64;
  return usages.map((keyUsage) => {
    const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const publicKey = pointOf(pair.publicKey);
    const info = buildDeviceCsrInfo({ deviceId, hardwareType, keyUsage, publicKey });
    return { deviceId, keyUsage, publicKey, csr: assembleCsr(info, sign("sha256", info, pair.privateKey)) };
  });
}

/** The uncompressed point of a P-256 key: the last 65 octets of its SubjectPublicKeyInfo. */
export function pointOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: "der", type: "spki" }).subarray(-65);
}
