import { describe, expect, it } from "vitest";
import { lintTbsCertificate } from "../lint.ts";
import { lintProfiles } from "../profile.ts";
import { sampleTbs } from "../samples.testdata.ts";
import { type Deviation, expectFound, issuedLimits } from "./deviation.testdata.ts";

const hex = (text: string) => Buffer.from(text, "latin1").toString("hex");
const serial = "02104fbc5252000102030405060708090a0b";

const deviations: readonly Deviation[] = [
  ["serial-number", "device", "zero", serial, "020100"],
  ["serial-number", "device", "negative", serial, "02018f"],
  ["serial-number", "device", "of 17 octets", serial, `021101${serial.slice(4)}`],
  ["serial-number", "device", "of 15 octets, of ours", serial, `020f${serial.slice(6)}`, issuedLimits],
  ["serial-number", "device", "led by 0F, of ours", serial, `02100f${serial.slice(6)}`, issuedLimits],
  [
    "signature-algorithm",
    "device",
    "NULL parameters",
    "300a06082a8648ce3d040302",
    "300c06082a8648ce3d0403020500",
  ],
  ["signature-algorithm", "organisation", "SHA-384", "2a8648ce3d040302", "2a8648ce3d040303"],
  ["signature-algorithm", "iki-end-entity", "SHA-1 with RSA", "2a864886f70d01010b", "2a864886f70d010105"],
  [
    "signature-algorithm",
    "iki-end-entity",
    "no NULL",
    "06092a864886f70d01010b0500",
    "06092a864886f70d01010b",
  ],
  [
    "issuer-name",
    "device",
    "a unit",
    "300f310d300b060355040313044533" + "3537",
    "301c310b3009060355040b13023037310d300b0603550403130445333537",
  ],
  [
    "issuer-name",
    "organisation",
    "CN before OU",
    "310b3009060355040b13023037310b300906035504031302" + "5a31",
    "310b3009060355040313025a31310b3009060355040b13023037",
  ],
  ["issuer-string-type", "organisation", "UTF8String", "13025a31", "0c025a31"],
  ["issuer-string-type", "device", "UTF8String", "130445333537", "0c0445333537"],
  ["authority-name-length", "device", "5 octets", "130445333537", "13054533353738"],
  ["authority-role", "organisation", "an issuer of role 00", "13023037", "13023030"],
  ["authority-role", "root-oca", "the role of an issuing authority", "13023030", "13023037"],
  ["authority-role", "issuing-oca", "a subject of role 02", "13023037", "13023032"],
  [
    "validity-encoding",
    "device",
    "GeneralizedTime before 2050",
    `170d${hex("260301000000Z")}`,
    `180f${hex("20260301000000Z")}`,
  ],
  [
    "validity-order",
    "organisation",
    "an end before the beginning",
    hex("360228235959Z"),
    hex("250228235959Z"),
  ],
  ["validity-device", "device", "an end", hex("99991231235959Z"), hex("99981231235959Z")],
  [
    "validity-organisation",
    "organisation",
    "a day over ten years",
    hex("360228235959Z"),
    hex("360302000000Z"),
  ],
  [
    "subject-name",
    "organisation",
    "CN after OU",
    "3111300f06035504030c0853414d504c45".replace("3111300f", "310f300d").replace("0c08", "0c06") +
      "310b3009060355040b0c023032",
    "310b3009060355040b0c023032" + "310f300d06035504030c0653414d504c45",
  ],
  ["subject-name", "device", "a subject", "30003059", "300c310a300806035504030c01413059"],
  ["subject-name", "organisation", "no identifier", "3112301006035504" + "2d03090090b3d51f30010000", ""],
  ["subject-string-type", "organisation", "PrintableString", "0c0653414d504c45", "130653414d504c45"],
  ["subject-string-type", "issuing-dca", "UTF8String", "130445333537", "0c0445333537"],
  ["subject-role-code", "organisation", "decimal digits", "0c023032", "0c03313337"],
  ["subject-role-code", "organisation", "lower case", "0c023032", "0c023766"],
  ["subject-role-code", "iki-end-entity", "one digit", "0c023032", "0c0132"],
  ["subject-unique-identifier", "organisation", "56 bits", "03090090b3d51f30010000", "03080090b3d51f300100"],
  [
    "subject-common-name-length",
    "organisation",
    "17 octets",
    "0c0653414d504c45",
    `0c11${hex("SAMPLESAMPLESAMPL")}`,
  ],
  ["public-key-algorithm", "device", "P-384", "06082a8648ce3d030107", "06052b81040022"],
  [
    "public-key-algorithm",
    "iki-end-entity",
    "no NULL",
    "06092a864886f70d0101010500",
    "06092a864886f70d010101",
  ],
];

describe("the sample of each profile", () => {
  it.each(lintProfiles)("%s has no finding, and is recognised", (profile) => {
    const tbs = sampleTbs(profile);
    expect(lintTbsCertificate(tbs, { limits: issuedLimits })).toEqual([]);
    expect(lintTbsCertificate(tbs, { limits: issuedLimits, profile })).toEqual([]);
  });
});

describe("a certificate with one deviation in a field is found by its one rule", () => {
  for (const deviation of deviations) {
    const [rule, of, what] = deviation;
    it(`${rule}: ${what} (${of})`, () => {
      expectFound(deviation);
    });
  }
});
