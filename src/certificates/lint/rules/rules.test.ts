import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bitString, octetString, sequence, smallInteger, unsignedInteger } from "../../der/index.ts";
import { replaced } from "../../der/replaced.testdata.ts";
import { ecdsaWithSha256, encodeP256PublicKey, importPublicKey } from "../../keys/index.ts";
import type { CertificateProfile } from "../../profiles/index.ts";
import { parseCertificate, parseTbsCertificate, type ToBeSigned } from "../../syntax/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { limits } from "../lint.testdata.ts";
import { lintCertificate, lintTbsCertificate } from "../lint.ts";
import { lintProfiles } from "../profile.ts";
import type { LintLimits } from "../rule.ts";
import { issuerInfo, sampleFields, sampleTbs, signedSample } from "../samples.testdata.ts";
import { certificateRules, tbsRules } from "./index.ts";

/** A mutation of a conforming sample: one deviation, and the one rule that finds it. */
interface Deviation {
  readonly rule: string;
  readonly of: CertificateProfile;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly limits?: LintLimits;
}

const hex = (text: string) => Buffer.from(text, "latin1").toString("hex");
const serial = "02104fbc5252000102030405060708090a0b";
const point = Buffer.from(sampleFields.device.publicKey).toString("hex");
const altName = "3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4";
const altNameExtension = `30350603551d110101ff042b${altName}`;
const policies = "301d0603551d200101ff04133011300f060d2a863a0001848fb90f01020104";
const authority = "30130603551d23040c300a80084f5688d7ec933be2";
const usage = "300e0603551d0f0101ff040403020780";
const subjectKey = "30110603551d0e040a0408";
const identifierOf = (publicKey: Uint8Array) =>
  createHash("sha1").update(publicKey).digest("hex").slice(-15).padStart(16, "4");
const ownIdentifier = identifierOf(Buffer.from(point, "hex"));
const constraints = "30120603551d130101ff040830060101ff020100";
const issued = { ...limits, serialNumberFirstOctet: { lowest: 0x10, highest: 0x7f } };

const deviations: readonly Deviation[] = [
  { rule: "serial-number", of: "device", what: "zero", from: serial, to: "020100" },
  { rule: "serial-number", of: "device", what: "negative", from: serial, to: "02018f" },
  { rule: "serial-number", of: "device", what: "of 17 octets", from: serial, to: `021101${serial.slice(4)}` },
  {
    rule: "serial-number",
    of: "device",
    what: "of 15 octets, of ours",
    from: serial,
    to: `020f${serial.slice(6)}`,
    limits: issued,
  },
  {
    rule: "serial-number",
    of: "device",
    what: "led by 0F, of ours",
    from: serial,
    to: `02100f${serial.slice(6)}`,
    limits: issued,
  },
  {
    rule: "signature-algorithm",
    of: "device",
    what: "NULL parameters",
    from: "300a06082a8648ce3d040302",
    to: "300c06082a8648ce3d0403020500",
  },
  {
    rule: "signature-algorithm",
    of: "organisation",
    what: "SHA-384",
    from: "2a8648ce3d040302",
    to: "2a8648ce3d040303",
  },
  {
    rule: "signature-algorithm",
    of: "iki-end-entity",
    what: "SHA-1 with RSA",
    from: "2a864886f70d01010b",
    to: "2a864886f70d010105",
  },
  {
    rule: "signature-algorithm",
    of: "iki-end-entity",
    what: "no NULL",
    from: "06092a864886f70d01010b0500",
    to: "06092a864886f70d01010b",
  },
  {
    rule: "issuer-name",
    of: "device",
    what: "a unit",
    from: "300f310d300b060355040313044533" + "3537",
    to: "301c310b3009060355040b13023037310d300b0603550403130445333537",
  },
  {
    rule: "issuer-name",
    of: "organisation",
    what: "CN before OU",
    from: "310b3009060355040b13023037310b300906035504031302" + "5a31",
    to: "310b3009060355040313025a31310b3009060355040b13023037",
  },
  { rule: "issuer-string-type", of: "organisation", what: "UTF8String", from: "13025a31", to: "0c025a31" },
  { rule: "issuer-string-type", of: "device", what: "UTF8String", from: "130445333537", to: "0c0445333537" },
  {
    rule: "authority-name-length",
    of: "device",
    what: "5 octets",
    from: "130445333537",
    to: "13054533353738",
  },
  {
    rule: "authority-role",
    of: "organisation",
    what: "an issuer of role 00",
    from: "13023037",
    to: "13023030",
  },
  {
    rule: "authority-role",
    of: "root-oca",
    what: "the role of an issuing authority",
    from: "13023030",
    to: "13023037",
  },
  {
    rule: "authority-role",
    of: "issuing-oca",
    what: "a subject of role 02",
    from: "13023037",
    to: "13023032",
  },
  {
    rule: "validity-encoding",
    of: "device",
    what: "GeneralizedTime before 2050",
    from: `170d${hex("260301000000Z")}`,
    to: `180f${hex("20260301000000Z")}`,
  },
  {
    rule: "validity-order",
    of: "organisation",
    what: "an end before the beginning",
    from: hex("360228235959Z"),
    to: hex("250228235959Z"),
  },
  {
    rule: "validity-device",
    of: "device",
    what: "an end",
    from: hex("99991231235959Z"),
    to: hex("99981231235959Z"),
  },
  {
    rule: "validity-organisation",
    of: "organisation",
    what: "a day over ten years",
    from: hex("360228235959Z"),
    to: hex("360302000000Z"),
  },
  {
    rule: "subject-name",
    of: "organisation",
    what: "CN after OU",
    from:
      "3111300f06035504030c0853414d504c45".replace("3111300f", "310f300d").replace("0c08", "0c06") +
      "310b3009060355040b0c023032",
    to: "310b3009060355040b0c023032" + "310f300d06035504030c0653414d504c45",
  },
  {
    rule: "subject-name",
    of: "device",
    what: "a subject",
    from: `3000${"3059"}`,
    to: `300c310a300806035504030c01413059`,
  },
  {
    rule: "subject-name",
    of: "organisation",
    what: "no identifier",
    from: "3112301006035504" + "2d03090090b3d51f30010000",
    to: "",
  },
  {
    rule: "subject-string-type",
    of: "organisation",
    what: "PrintableString",
    from: "0c0653414d504c45",
    to: "130653414d504c45",
  },
  {
    rule: "subject-string-type",
    of: "issuing-dca",
    what: "UTF8String",
    from: "130445333537",
    to: "0c0445333537",
  },
  {
    rule: "subject-role-code",
    of: "organisation",
    what: "decimal digits",
    from: "0c023032",
    to: "0c03313337",
  },
  { rule: "subject-role-code", of: "organisation", what: "lower case", from: "0c023032", to: "0c023766" },
  { rule: "subject-role-code", of: "iki-end-entity", what: "one digit", from: "0c023032", to: "0c0132" },
  {
    rule: "subject-unique-identifier",
    of: "organisation",
    what: "56 bits",
    from: "03090090b3d51f30010000",
    to: "03080090b3d51f300100",
  },
  {
    rule: "subject-common-name-length",
    of: "organisation",
    what: "17 octets",
    from: "0c0653414d504c45",
    to: `0c11${hex("SAMPLESAMPLESAMPL")}`,
  },
  {
    rule: "public-key-algorithm",
    of: "device",
    what: "P-384",
    from: "06082a8648ce3d030107",
    to: "06052b81040022",
  },
  {
    rule: "public-key-algorithm",
    of: "iki-end-entity",
    what: "no NULL",
    from: "06092a864886f70d0101010500",
    to: "06092a864886f70d010101",
  },
  {
    rule: "extension-set",
    of: "device",
    what: "extendedKeyUsage",
    from: authority,
    to: `${authority}30130603551d25040c300a06082b06010505070302`,
  },
  {
    rule: "extension-order",
    of: "organisation",
    what: "policies last",
    from: policies + authority,
    to: authority + policies,
  },
  { rule: "key-usage", of: "organisation", what: "nonRepudiation", from: "03020780", to: "03020640" },
  { rule: "key-usage", of: "organisation", what: "both uses", from: "03020780", to: "03020388" },
  {
    rule: "key-usage",
    of: "organisation",
    what: "not critical",
    from: usage,
    to: "300b0603551d0f040403020780",
  },
  { rule: "key-usage", of: "organisation", what: "absent", from: usage, to: "" },
  { rule: "key-usage", of: "issuing-oca", what: "keyCertSign alone", from: "03020106", to: "03020204" },
  { rule: "key-usage", of: "iki-end-entity", what: "keyAgreement", from: "03020780", to: "03020308" },
  {
    rule: "basic-constraints",
    of: "organisation",
    what: "an empty one",
    from: usage,
    to: `300c0603551d130101ff04023000${usage}`,
  },
  {
    rule: "basic-constraints",
    of: "issuing-oca",
    what: "path length 1",
    from: "30060101ff020100",
    to: "30060101ff020101",
  },
  { rule: "basic-constraints", of: "issuing-dca", what: "absent", from: constraints, to: "" },
  {
    rule: "basic-constraints",
    of: "issuing-dca",
    what: "not critical",
    from: constraints,
    to: "300f0603551d13040830060101ff020100",
  },
  { rule: "subject-key-identifier", of: "device", what: "absent", from: subjectKey + ownIdentifier, to: "" },
  {
    rule: "subject-key-identifier",
    of: "device",
    what: "critical",
    from: subjectKey,
    to: "30140603551d0e0101ff040a0408",
  },
  {
    rule: "subject-key-identifier",
    of: "device",
    what: "of another key",
    from: subjectKey + ownIdentifier,
    to: `${subjectKey}4000000000000001`,
  },
  {
    rule: "subject-key-identifier",
    of: "device",
    what: "by method (1), 20 octets",
    from: subjectKey + ownIdentifier,
    to: `301d0603551d0e04160414${createHash("sha1").update(Buffer.from(point, "hex")).digest("hex")}`,
  },
  { rule: "subject-alternative-name", of: "device", what: "absent", from: altNameExtension, to: "" },
  {
    rule: "subject-alternative-name",
    of: "device",
    what: "not critical",
    from: altNameExtension,
    to: `30320603551d11042b${altName}`,
  },
  {
    rule: "subject-alternative-name",
    of: "device",
    what: "two names",
    from: altNameExtension,
    to: `305e0603551d110101ff04543052${altName.slice(4)}${altName.slice(4)}`,
  },
  {
    rule: "subject-alternative-name",
    of: "device",
    what: "an identifier of 9 octets",
    from: altNameExtension,
    to: "30360603551d110101ff042c302aa02806082b06010505070804a01c301a060d2a863a0001848fb90f01020201040900db1234567890a4ff",
  },
  {
    rule: "certificate-policies",
    of: "organisation",
    what: "not critical",
    from: policies,
    to: "301a0603551d2004133011300f060d2a863a0001848fb90f01020104",
  },
  { rule: "certificate-policies", of: "organisation", what: "absent", from: policies, to: "" },
  {
    rule: "certificate-policies",
    of: "organisation",
    what: "two of them",
    from: policies,
    to: "302e0603551d200101ff04243022300f060d2a863a0001848fb90f01020104300f060d2a863a0001848fb90f01020105",
  },
  {
    rule: "certificate-policies",
    of: "organisation",
    what: "qualifiers",
    from: policies,
    to: "301f0603551d200101ff041530133011060d2a863a0001848fb90f010201043000",
  },
  { rule: "authority-key-identifier", of: "device", what: "absent", from: authority, to: "" },
  {
    rule: "authority-key-identifier",
    of: "device",
    what: "critical",
    from: authority,
    to: "30160603551d230101ff040c300a80084f5688d7ec933be2",
  },
  {
    rule: "authority-key-identifier",
    of: "organisation",
    what: "with a serial number",
    from: authority,
    to: "30160603551d23040f300d80084f5688d7ec933be2820101",
  },
  {
    rule: "contingency-key",
    of: "root-oca",
    what: "critical",
    from: "06082b06010505070114",
    to: "06082b060105050701140101ff",
  },
  {
    rule: "contingency-key",
    of: "root-dca",
    what: "outside the Organisation hierarchy",
    from: subjectKey,
    to: `301f06082b0601050507011404133011300b06096086480165030401` + `2d04020708${subjectKey}`,
  },
];

describe("the sample of each profile", () => {
  it.each(lintProfiles)("%s has no finding, and is recognised", (profile) => {
    const tbs = sampleTbs(profile);
    expect(lintTbsCertificate(tbs, { limits: issued })).toEqual([]);
    expect(lintTbsCertificate(tbs, { limits: issued, profile })).toEqual([]);
  });
});

describe("a certificate with one deviation is found by its one rule", () => {
  it.each(deviations)("$rule: $what ($of)", ({ rule, of, from, to, limits: given }) => {
    const tbs = replaced(sampleTbs(of), from, to);
    const found = lintTbsCertificate(parseTbsCertificate(tbs), { limits: given ?? limits, profile: of });
    expect(found.map((finding) => finding.rule)).toEqual([rule]);
    expect(found[0]?.source).toMatch(/RFC|GBCS|SEC|X\.690/);
  });
});

/** The sample as parsed, with fields put in that no parser would give or whose other fields must follow. */
function altered(of: CertificateProfile, change: (tbs: ToBeSigned) => Partial<ToBeSigned>): ToBeSigned {
  const tbs = parseTbsCertificate(sampleTbs(of));
  return { ...tbs, ...change(tbs) };
}

/** Another public key, with the identifier that goes with it. */
function withKey(publicKey: Buffer, identifier: string) {
  return (tbs: ToBeSigned): Partial<ToBeSigned> => ({
    subjectPublicKeyInfo: { ...tbs.subjectPublicKeyInfo, publicKey },
    extensions: tbs.extensions.map((extension) =>
      extension.id === Oids.subjectKeyIdentifier
        ? { ...extension, value: octetString(Buffer.from(identifier, "hex")) }
        : extension,
    ),
  });
}

const rsaKey = (modulus: Buffer, exponent: number) =>
  sequence(unsignedInteger(modulus), smallInteger(exponent));
const sha1 = (octets: Buffer) => createHash("sha1").update(octets).digest("hex");
const shortKey = rsaKey(Buffer.alloc(128, 0xff), 65_537);
const exponent3 = rsaKey(Buffer.alloc(256, 0xff), 3);
const emptyKey = sequence();
const offCurve = Buffer.from(point, "hex");
offCurve.writeUInt8(offCurve.readUInt8(64) ^ 1, 64);
const compressed = Buffer.concat([Buffer.from([2]), Buffer.from(point, "hex").subarray(1, 33)]);

describe("a to-be-signed certificate is found", () => {
  const cases: readonly [
    rule: string,
    what: string,
    of: CertificateProfile,
    (tbs: ToBeSigned) => Partial<ToBeSigned>,
  ][] = [
    ["version", "of version 1", "device", () => ({ version: 1 })],
    [
      "serial-number",
      "with superfluous zeros in its serial number",
      "device",
      () => ({ serialNumber: Buffer.from([0, 1]) }),
    ],
    ["public-key-point", "with a point off the curve", "device", withKey(offCurve, identifierOf(offCurve))],
    [
      "public-key-point",
      "with a compressed point",
      "organisation",
      withKey(compressed, identifierOf(compressed)),
    ],
    ["public-key-rsa", "with 1024 bits", "iki-end-entity", withKey(shortKey, sha1(shortKey))],
    ["public-key-rsa", "with exponent 3", "iki-end-entity", withKey(exponent3, sha1(exponent3))],
    [
      "public-key-rsa",
      "with an RSA key that is not one",
      "iki-end-entity",
      withKey(emptyKey, sha1(emptyKey)),
    ],
    ["unique-identifiers", "with a subjectUniqueID", "device", () => ({ hasUniqueIdentifiers: true })],
    [
      "extension-duplicate",
      "with an extension twice",
      "device",
      ({ extensions }) => ({ extensions: [...extensions, ...extensions.slice(-1)] }),
    ],
    [
      "contingency-key",
      "with a wrapped contingency key that is not one",
      "root-oca",
      ({ extensions }) => ({
        extensions: extensions.map((extension) =>
          extension.id === Oids.wrappedApexContingencyKey
            ? { ...extension, value: Buffer.from("0500", "hex") }
            : extension,
        ),
      }),
    ],
    [
      "contingency-key",
      "without a wrapped contingency key",
      "root-oca",
      ({ extensions }) => ({
        extensions: extensions.filter(({ id }) => id !== Oids.wrappedApexContingencyKey),
      }),
    ],
  ];
  it.each(cases)("by the rule %s: %s (%s)", (rule, _, of, change) => {
    const found = lintTbsCertificate(altered(of, change), { limits, profile: of });
    expect(found.map((finding) => finding.rule)).toEqual([rule]);
  });

  it.each([
    ["another name of the issuer", { subject: Buffer.from("3000", "hex"), keyIdentifier: undefined }],
    ["another key identifier of the issuer", { subject: undefined, keyIdentifier: Buffer.alloc(8) }],
  ])("by the rule issuer-link: %s", (_, link) => {
    const issuer = { publicKey: importPublicKey(issuerInfo), ...link };
    const found = lintTbsCertificate(sampleTbs("device"), { limits, issuer });
    expect(found.map(({ rule }) => rule)).toEqual(["issuer-link"]);
  });
});

describe("a signed certificate", () => {
  const tbs = sampleTbs("device");
  const der = signedSample(tbs);
  const rulesOf = (octets: Buffer, issuer?: Buffer) =>
    lintCertificate(parseCertificate(octets), issuer === undefined ? { limits } : { limits, issuer }).map(
      ({ rule }) => rule,
    );

  it("has no finding under its issuer's key", () => {
    expect(rulesOf(der, issuerInfo)).toEqual([]);
  });

  it("is found by the rule signature under another key", () => {
    const other = encodeP256PublicKey(Buffer.from(point, "hex"));
    expect(rulesOf(der, other)).toEqual(["signature"]);
  });

  it("is found by the rule signature with one octet of its content altered", () => {
    const device = der.indexOf(Buffer.from("00db1234567890a4", "hex")) + 7;
    const altering = Buffer.from(der);
    altering.writeUInt8(0xa5, device);
    expect(rulesOf(altering, issuerInfo)).toEqual(["signature"]);
    expect(rulesOf(altering)).toEqual([]);
  });

  it("is found by the rule signature-algorithm-match when another algorithm stands beside the signature", () => {
    const withNull = Buffer.concat([ecdsaWithSha256.subarray(2), Buffer.from("0500", "hex")]);
    const { signatureValue } = parseCertificate(der);
    expect(rulesOf(sequence(tbs, sequence(withNull), bitString(signatureValue)))).toEqual([
      "signature-algorithm-match",
    ]);
  });

  const r = "0220" + "11".repeat(32);
  it.each([
    ["a superfluous zero octet", `30450221${"00" + "11".repeat(32)}${r}`],
    ["a negative integer", `30440220${"ff" + "11".repeat(31)}${r}`],
    ["a zero", `3025020100${r}`],
    ["an integer above the order", `3045022100${"ff".repeat(32)}${r}`],
    ["three integers", `3047${r}${r}020101`],
    ["an octet after the end", `3044${r}${r}00`],
    ["nothing", ""],
  ])("is found by the rule signature-encoding with %s in its signature", (_, signature) => {
    const value = bitString(Buffer.from(signature, "hex"));
    expect(rulesOf(sequence(tbs, ecdsaWithSha256, value))).toEqual(["signature-encoding"]);
  });
});

describe("the rules", () => {
  const rules = [...tbsRules, ...certificateRules];

  it("are each a file of their own name, with a source", () => {
    const files = readdirSync(import.meta.dirname).filter((file) => !/^(index|rules\.test)\.ts$/.test(file));
    expect(rules.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort());
    for (const { source } of rules) expect(source).toMatch(/RFC|GBCS|SEC|X\.690/);
  });
});
