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
export function makePointKey(): { privateKey: KeyObject; publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = publicKey.export({ type: "spki", format: "der" });
  return { privateKey, publicKey: readDer(info, readSubjectPublicKeyInfo).publicKey };
}

export const pointKey: { privateKey: KeyObject; publicKey: Buffer } = makePointKey();

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

/** The octets with one occurrence of `from` replaced, and the lengths of all elements around it put right. */
export function replaced(der: Buffer, from: string, to: string): Buffer {
  const target = Buffer.from(from, "hex");
  const at = der.indexOf(target);
  if (at < 0) throw new Error(`${from} does not occur`);
  return rebuilt(der, at, target.length, Buffer.from(to, "hex"));
}

/** Walks down to the innermost elements around the place and writes their headers anew. */
function rebuilt(der: Buffer, at: number, length: number, by: Buffer): Buffer {
  let position = 0;
  const parts: Buffer[] = [];
  while (position < der.length) {
    const headerLength = (der[position + 1] ?? 0) < 0x80 ? 2 : 2 + ((der[position + 1] ?? 0) & 0x7f);
    const size =
      headerLength === 2 ? (der[position + 1] ?? 0) : der.readUIntBE(position + 2, headerLength - 2);
    const end = position + headerLength + size;
    const contents = der.subarray(position + headerLength, end);
    const within = at >= position + headerLength && at + length <= end;
    if (!within) {
      const overlaps = at < end && at + length > position;
      if (overlaps) return Buffer.concat([der.subarray(0, at), by, der.subarray(at + length)]);
      parts.push(der.subarray(position, end));
    } else {
      const isNested = ((der[position] ?? 0) & 0x20) !== 0 || der[position] === 0x04;
      const inner = isNested
        ? rebuilt(contents, at - position - headerLength, length, by)
        : Buffer.concat([
            contents.subarray(0, at - position - headerLength),
            by,
            contents.subarray(at - position - headerLength + length),
          ]);
      parts.push(withHeader(der[position] ?? 0, inner));
    }
    position = end;
  }
  return Buffer.concat(parts);
}

function withHeader(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  const octets =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...octets]), contents]);
}
