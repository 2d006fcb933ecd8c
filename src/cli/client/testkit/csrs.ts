import { generateKeyPairSync, sign } from "node:crypto";
import {
  assembleCsr,
  buildDeviceCsrInfo,
  type DeviceRequest,
  eui64,
  type KeyUsage,
  oid,
  parseCsr,
  readDeviceCsr,
} from "../../../certificates/index.ts";
import { chainOf, common, issue } from "../../../certificates/path/chains.testdata.ts";

/** A CSR of the Device of that number, under a new key. */
export function deviceCsr(device: number, keyUsage: KeyUsage = "digitalSignature"): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const info = buildDeviceCsrInfo({
    deviceId: eui64((0x00db12346f000000n + BigInt(device)).toString(16).padStart(16, "0")),
    hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
    keyUsage,
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-65),
  });
  return assembleCsr(info, sign("sha256", info, privateKey));
}

const requestOf = (csr: Buffer): DeviceRequest => readDeviceCsr(parseCsr(csr));

/** The authorities that certificates of this kit stand under. */
export const chain = chainOf("dca");

/** The certificate that a CSR asks for, or one that differs in a field. */
export function certificateFor(csr: Buffer, changes: Partial<DeviceRequest> = {}): Buffer {
  const { keys } = chain;
  const { leaf } = chain.fields;
  if (leaf.profile !== "device") throw new Error("a chain of the DCA has a Device Certificate at its end");
  const { serialNumber, policy } = common(keys.leaf);
  const fields = { ...leaf, ...requestOf(csr), serialNumber, policy, ...changes };
  return issue({ ...fields, authorityKeyIdentifier: keys.issuing.identifier }, keys.issuing).der;
}
