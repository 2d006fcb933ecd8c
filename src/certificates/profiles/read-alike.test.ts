import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { oid } from "../der/index.ts";
import { type Certificate, parseCertificate } from "../syntax/index.ts";
import { createSerialNumber, eui64, type KeyUsage, keyIdentifier } from "../vocabulary/index.ts";
import { assembleCertificate, buildTbsCertificate } from "./build.ts";
import type { DeviceFields } from "./certificate-fields.ts";
import { readFields } from "./read-fields.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pointOf = (key: KeyObject) => key.export({ format: "der", type: "spki" }).subarray(-65);

function device(number: number, keyUsage: KeyUsage): DeviceFields {
  return {
    profile: "device",
    serialNumber: createSerialNumber(new Date("2026-07-01T12:00:00Z")),
    policy: oid("1.2.826.0.1.8641679.1.2.1.4"),
    publicKey: pointOf(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey),
    issuer: { commonName: "D001" },
    authorityKeyIdentifier: keyIdentifier("4f5688d7ec933be2"),
    validity: { notBefore: new Date("2026-07-01T12:00:00Z"), notAfter: "indefinite" },
    deviceId: eui64(`00db1234567890${number.toString(16).padStart(2, "0")}`),
    hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
    keyUsage,
  };
}

const signed = (tbs: Buffer): Buffer => assembleCertificate(tbs, sign("sha256", tbs, privateKey));

/** Certificates like the altered ones have been read before, so that these are read by what they share with them. */
function readAfterOthers(certificate: Certificate): ReturnType<typeof readFields> {
  for (const [number, usage] of (["digitalSignature", "keyAgreement"] as const).entries())
    readFields(parseCertificate(signed(buildTbsCertificate(device(number, usage)))));
  return readFields(certificate);
}

describe("Device Certificates of one batch, read one after another", () => {
  it("each say their own serial number, key, Device and use", () => {
    for (let number = 0; number < 20; number += 1) {
      const fields = device(number, number % 3 === 0 ? "keyAgreement" : "digitalSignature");
      expect(readFields(parseCertificate(signed(buildTbsCertificate(fields))))).toEqual(fields);
    }
  });

  it("say everything that they hold, whichever octet of one was altered: or they are refused", () => {
    const tbs = buildTbsCertificate(device(7, "digitalSignature"));
    let read = 0;
    let refused = 0;
    for (let at = 0; at < tbs.length; at += 1)
      for (const change of [0x01, 0x80]) {
        const altered = Buffer.from(tbs);
        altered.writeUInt8(altered.readUInt8(at) ^ change, at);
        try {
          const fields = readAfterOthers(parseCertificate(signed(altered)));
          expect(buildTbsCertificate(fields)).toEqual(altered);
          read += 1;
        } catch (error) {
          expect(isSmkiError(error)).toBe(true);
          refused += 1;
        }
      }
    // 16 octets of serial number and 8 of Device ID may be anything, but for the serial number's first bit.
    expect(read).toBeGreaterThanOrEqual(47);
    expect(refused).toBeGreaterThan(tbs.length);
  });

  it.each([
    ["a key identifier of another key", "4f5688d7ec933be2"],
    ["a serial number that is negative", "ff"],
  ])("are refused with %s", (what, octets) => {
    const fields = device(9, "keyAgreement");
    const certificate = parseCertificate(signed(buildTbsCertificate(fields)));
    const identifier = certificate.extensions.find(({ id }) => id === "2.5.29.14")?.value;
    const place = what.startsWith("a key") ? identifier?.subarray(2) : certificate.serialNumber;
    Buffer.from(octets, "hex").copy(place ?? Buffer.alloc(0));
    expect(() => readAfterOthers(parseCertificate(certificate.der))).toThrow();
  });

  it("are refused with a point off the curve that follows a good one", () => {
    const good = parseCertificate(signed(buildTbsCertificate(device(10, "keyAgreement"))));
    readFields(good);
    const { publicKey } = good.subjectPublicKeyInfo;
    publicKey.writeUInt8(publicKey.readUInt8(64) ^ 1, 64);
    expect(() => readFields(parseCertificate(good.der))).toThrow("PUBLIC_KEY_POINT_INVALID");
  });
});
