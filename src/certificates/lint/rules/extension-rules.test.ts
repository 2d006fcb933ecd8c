import { createHash } from "node:crypto";
import { describe, it } from "vitest";
import { sampleFields } from "../samples.testdata.ts";
import { type Deviation, expectFound } from "./deviation.testdata.ts";

const digest = createHash("sha1").update(sampleFields.device.publicKey).digest("hex");
const ownIdentifier = `4${digest.slice(-15)}`;
const altName = "3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4";
const altNameExtension = `30350603551d110101ff042b${altName}`;
const policies = "301d0603551d200101ff04133011300f060d2a863a0001848fb90f01020104";
const authority = "30130603551d23040c300a80084f5688d7ec933be2";
const usage = "300e0603551d0f0101ff040403020780";
const subjectKey = "30110603551d0e040a0408";
const constraints = "30120603551d130101ff040830060101ff020100";

const deviations: readonly Deviation[] = [
  [
    "extension-set",
    "device",
    "extendedKeyUsage",
    authority,
    `${authority}30130603551d25040c300a06082b06010505070302`,
  ],
  ["extension-order", "organisation", "policies last", policies + authority, authority + policies],
  ["key-usage", "organisation", "nonRepudiation", "03020780", "03020640"],
  ["key-usage", "organisation", "both uses", "03020780", "03020388"],
  ["key-usage", "organisation", "not critical", usage, "300b0603551d0f040403020780"],
  ["key-usage", "organisation", "absent", usage, ""],
  ["key-usage", "issuing-oca", "keyCertSign alone", "03020106", "03020204"],
  ["key-usage", "iki-end-entity", "keyAgreement", "03020780", "03020308"],
  ["basic-constraints", "organisation", "an empty one", usage, `300c0603551d130101ff04023000${usage}`],
  ["basic-constraints", "issuing-oca", "path length 1", "30060101ff020100", "30060101ff020101"],
  ["basic-constraints", "issuing-dca", "absent", constraints, ""],
  ["basic-constraints", "issuing-dca", "not critical", constraints, "300f0603551d13040830060101ff020100"],
  ["subject-key-identifier", "device", "absent", subjectKey + ownIdentifier, ""],
  ["subject-key-identifier", "device", "critical", subjectKey, "30140603551d0e0101ff040a0408"],
  [
    "subject-key-identifier",
    "device",
    "of another key",
    subjectKey + ownIdentifier,
    `${subjectKey}4000000000000001`,
  ],
  [
    "subject-key-identifier",
    "device",
    "by method (1), 20 octets",
    subjectKey + ownIdentifier,
    `301d0603551d0e04160414${digest}`,
  ],
  ["subject-alternative-name", "device", "absent", altNameExtension, ""],
  ["subject-alternative-name", "device", "not critical", altNameExtension, `30320603551d11042b${altName}`],
  [
    "subject-alternative-name",
    "device",
    "two names",
    altNameExtension,
    `305e0603551d110101ff04543052${altName.slice(4)}${altName.slice(4)}`,
  ],
  [
    "subject-alternative-name",
    "device",
    "an identifier of 9 octets",
    altNameExtension,
    "30360603551d110101ff042c302aa02806082b06010505070804a01c301a060d2a863a0001848fb90f01020201040900db1234567890a4ff",
  ],
  [
    "certificate-policies",
    "organisation",
    "not critical",
    policies,
    "301a0603551d2004133011300f060d2a863a0001848fb90f01020104",
  ],
  ["certificate-policies", "organisation", "absent", policies, ""],
  [
    "certificate-policies",
    "organisation",
    "two of them",
    policies,
    "302e0603551d200101ff04243022300f060d2a863a0001848fb90f01020104300f060d2a863a0001848fb90f01020105",
  ],
  [
    "certificate-policies",
    "organisation",
    "qualifiers",
    policies,
    "301f0603551d200101ff041530133011060d2a863a0001848fb90f010201043000",
  ],
  ["authority-key-identifier", "device", "absent", authority, ""],
  [
    "authority-key-identifier",
    "device",
    "critical",
    authority,
    "30160603551d230101ff040c300a80084f5688d7ec933be2",
  ],
  [
    "authority-key-identifier",
    "organisation",
    "with a serial number",
    authority,
    "30160603551d23040f300d80084f5688d7ec933be2820101",
  ],
  ["contingency-key", "root-oca", "critical", "06082b06010505070114", "06082b060105050701140101ff"],
  [
    "contingency-key",
    "root-dca",
    "outside the Organisation hierarchy",
    subjectKey,
    `301f06082b0601050507011404133011300b06096086480165030401` + `2d04020708${subjectKey}`,
  ],
];

describe("a certificate with one deviation in its extensions is found by its one rule", () => {
  for (const deviation of deviations) {
    const [rule, of, what] = deviation;
    it(`${rule}: ${what} (${of})`, () => {
      expectFound(deviation);
    });
  }
});
