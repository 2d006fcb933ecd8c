import { generateKeyPairSync, sign } from "node:crypto";
import { assembleCsr, buildDeviceCsrInfo, eui64, oid } from "../../src/certificates/index.ts";

/** The simulated meters' hardware type in the test environment. */
const hardwareType = oid("1.2.826.0.1.8641679.1.2.2.1");

/**
 * Makes one Device CSR. Each has a key pair drawn for it alone, so that no key was ever seen before.
 *
 * @param number - Devices are numbered from 0 and ask twice, once for each use of a key
 * @returns PKCS#10, DER
 */
export function makeDeviceCsr(number: number): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const info = buildDeviceCsrInfo({
    deviceId: eui64(
      `00db12${Math.floor(number / 2)
        .toString(16)
        .padStart(10, "0")}`,
    ),
    hardwareType,
    keyUsage: number % 2 === 0 ? "digitalSignature" : "keyAgreement",
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-65),
  });
  return assembleCsr(info, sign("sha256", info, privateKey));
}
