import { spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  assembleCertificate,
  buildTbsCertificate,
  encodePem,
  eui64,
  keyIdentifier,
  normaliseSerialNumber,
  oid,
} from "../../certificates/index.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { type BundleEntry, packBundle } from "./bundle.ts";
import { readZip } from "./zip.testkit.ts";

function entry(name: string): BundleEntry {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const toBeSigned = buildTbsCertificate({
    profile: "organisation",
    serialNumber: normaliseSerialNumber("4a236ded773453322260f7de7c44c166"),
    policy: oid("1.2.826.0.1.8641679.1.2.1.4"),
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-65),
    issuer: { organisationalUnit: "07", commonName: "Z1" },
    subject: { role: 2, entityIdentifier: eui64("90b3d51f30010000") },
    keyUsage: "digitalSignature",
    validity: { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2035-12-31T23:59:59Z") },
    authorityKeyIdentifier: keyIdentifier("4f5688d7ec933be2"),
  });
  return {
    name,
    certificatePem: encodePem(assembleCertificate(toBeSigned, sign("sha256", toBeSigned, privateKey))),
    privateKeyPem: privateKey.export({ format: "pem", type: "pkcs8" }),
  };
}

const one = entry("Z1-supplier-ds");
const other = entry("Z1-networkOperator-ds");

describe("the bundle", () => {
  test("has each certificate and its key at the paths that the DCC's client looks for", async () => {
    expect([...(await readZip(await packBundle([one, other])))]).toEqual([
      ["org-crypto/cert/Z1-networkOperator-ds.pem", other.certificatePem],
      ["org-crypto/key/Z1-networkOperator-ds.key", other.privateKeyPem],
      ["org-crypto/cert/Z1-supplier-ds.pem", one.certificatePem],
      ["org-crypto/key/Z1-supplier-ds.key", one.privateKeyPem],
    ]);
  });

  test("is the same octets for the same entries, in whatever order and time zone they are packed", async () => {
    const packed = await packBundle([one, other]);
    expect(await packBundle([other, one])).toEqual(packed);
    // A ZIP has local time; the time zone of a process is settled at its start.
    const program = `import { packBundle } from ${JSON.stringify(new URL("./bundle.ts", import.meta.url).href)};
      process.stdout.write((await packBundle(${JSON.stringify([one, other])})).toString("base64"));`;
    for (const TZ of ["Pacific/Kiritimati", "America/Adak"]) {
      const packedThere = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
        env: { ...process.env, TZ, NODE_OPTIONS: "" },
        encoding: "utf8",
      });
      expect(packedThere.stdout).toBe(packed.toString("base64"));
    }
  });

  test.each([
    ["a name that leads out of its folder", [{ ...one, name: "../../etc/passwd" }], "name"],
    ["a name with a folder", [{ ...one, name: "a/cert/b" }], "name"],
    ["an empty name", [{ ...one, name: "" }], "name"],
    ["two of one name", [one, other, { ...other, name: one.name }], "twice"],
    ["another's key", [{ ...one, privateKeyPem: other.privateKeyPem }], "pair"],
    ["no key", [{ ...one, privateKeyPem: "" }], "pair"],
    ["a key in place of the certificate", [{ ...one, certificatePem: one.privateKeyPem }], "pair"],
  ])("is refused with %s, without a word of any key", async (_, entries, reason) => {
    const refusal: unknown = await packBundle(entries).catch((error: unknown) => error);
    if (!isSmkiError(refusal, "BOXED_BUNDLE_ENTRY_INVALID")) throw refusal;
    expect(refusal.message).toContain(reason);
    expect(`${refusal.message}${String(refusal.stack)}${String(refusal.cause)}`).not.toMatch(
      /PRIVATE|MIG|MHc/,
    );
  });
});
