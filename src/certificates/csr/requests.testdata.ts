import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { oid, readDer } from "../der/index.ts";
import { realDataFolder } from "../real-certificates.testdata.ts";
import { readSubjectPublicKeyInfo } from "../syntax/index.ts";
import { eui64 } from "../vocabulary/index.ts";
import { assembleCsr, buildDeviceCsrInfo, buildIkiCsrInfo, buildOrganisationCsrInfo } from "./build.ts";
import type { DeviceRequest, IkiRequest, OrganisationRequest } from "./read-request.ts";

/** A fresh key pair of a Device or Organisation. */
function makePointKey(): { privateKey: KeyObject; publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = publicKey.export({ type: "spki", format: "der" });
  return { privateKey, publicKey: readDer(info, readSubjectPublicKeyInfo).publicKey };
}

const pointKey: { privateKey: KeyObject; publicKey: Buffer } = makePointKey();

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

export const deviceRequest: DeviceRequest = {
  deviceId: eui64("00db1234567890a4"),
  hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
  keyUsage: "digitalSignature",
  publicKey: pointKey.publicKey,
};

export const organisationRequest: OrganisationRequest = {
  commonName: "SAMPLESUPPLIER",
  role: 0x02,
  entityIdentifier: eui64("90b3d51f30010000"),
  keyUsage: "keyAgreement",
  publicKey: pointKey.publicKey,
};

export const ikiRequest: IkiRequest = {
  organisation: "Sample Supplier Ltd",
  role: 0x02,
  commonName: "Head End 1",
  publicKey: rsa.publicKey.export({ type: "spki", format: "der" }),
};

/** Signs any CertificationRequestInfo with the sample P-256 key. */
export function signed(info: Buffer): Buffer {
  return assembleCsr(info, sign("sha256", info, pointKey.privateKey));
}

export const deviceCsr: Buffer = signed(buildDeviceCsrInfo(deviceRequest));
export const organisationCsr: Buffer = signed(buildOrganisationCsrInfo(organisationRequest));
const ikiInfo = buildIkiCsrInfo(ikiRequest);
export const ikiCsr: Buffer = assembleCsr(ikiInfo, sign("sha256", ikiInfo, rsa.privateKey));

const message = join(realDataFolder, "messages/CS02c_6.17_SUCCESS_RESPONSE_GBCS.HEX");
export const hasRealMessage: boolean = existsSync(message);

/** The request that a real Device sent in its answer to CS02c: 279 octets inside the message. */
export function loadRealDeviceCsr(): Buffer {
  const octets = Buffer.from(readFileSync(message, "latin1").replaceAll(/\s/g, ""), "hex");
  const start = octets.indexOf(Buffer.from("30820113", "hex"));
  return octets.subarray(start, start + 279);
}
