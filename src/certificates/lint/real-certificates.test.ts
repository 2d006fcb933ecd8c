import { describe, expect, it } from "vitest";
import {
  deviants,
  hasRealData,
  loadKeystoreCertificates,
  loadRealCertificates,
  type RealCertificate,
} from "../real-certificates.testdata.ts";
import { Oids } from "../vocabulary/index.ts";
import { extensionOf } from "./extensions.ts";
import { limits, realIssuers } from "./lint.testdata.ts";
import { lintCertificate, lintTbsCertificate } from "./lint.ts";

const needsFolder = "[needs ../shared/data/real]";

/** What the tool of 2018 made: another name type and order, a life of a century, and no link to the issuer. */
const toolOf2018 = [
  "issuer-string-type",
  "validity-organisation",
  "extension-order",
  "authority-key-identifier",
];
const nullParameters = ["signature-algorithm", "issuer-string-type", "extension-order"];
const emptyConstraints = ["basic-constraints"];

/** Every published certificate with a finding, and exactly the rules that find something. */
const findings: Readonly<Record<string, readonly string[]>> = {
  "keystore:dsp-xml-sign-90B3D51F30000002-ds": toolOf2018,
  "keystore:mdr-ds": nullParameters,
  "keystore:mdr-ka": nullParameters,
  "keystore:otherUser-ds": emptyConstraints,
  "keystore:otherUser-ka": emptyConstraints,
  "keystore:xml-sign-00DB123456780004-ds": toolOf2018,
  "keystore:xml-sign-90B3D51F30010000-ds": toolOf2018,
  "keystore:xml-sign-90B3D51F30020000-ds": toolOf2018,
  "published:90b3d51f30010008-ds": toolOf2018,
  "published:CS03CCritical_8.7.1_SUCCESS_PRECOMMAND--00db123456789098-ka": ["certificate-policies"],
  "published:dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1": [
    "issuer-string-type",
    "validity-organisation",
    "subject-role-code",
    "extension-order",
    "authority-key-identifier",
  ],
  "published:mdr-ka": nullParameters,
  "published:otherUser-ka": emptyConstraints,
  "published:xml-sign-90B3D51F30010000-ds": toolOf2018,
};

/** The altered signature of the ERROR cases of CS02g: well formed, and found only with the issuer's key. */
const alteredSignature = "published:CS02gLoadControllerBySupplier_6.15.1_IMMEDIATE_ERROR_COMMAND--Z1-ca";

const certificates = hasRealData ? loadRealCertificates() : loadKeystoreCertificates();

function rulesFor({ certificate }: RealCertificate): string[] {
  return lintCertificate(certificate, { limits }).map(({ rule }) => rule);
}

describe("a published certificate", () => {
  const conforming = certificates.filter(({ name }) => !(name in findings));

  it("that conforms has no finding, before it is signed and after", () => {
    expect(conforming.length).toBeGreaterThanOrEqual(25);
    for (const { name, certificate } of conforming) {
      expect(lintTbsCertificate(certificate.tbs, { limits }), name).toEqual([]);
      expect(lintCertificate(certificate, { limits }), name).toEqual([]);
    }
  });

  it.each(certificates.filter(({ name }) => name in findings))(
    "that deviates is found by the right rules: $name",
    (deviant) => {
      expect(rulesFor(deviant)).toEqual(findings[deviant.name]);
    },
  );

  it("has a finding exactly when its fields do not rebuild it", () => {
    expect(Object.keys(findings).sort()).toEqual(Object.keys(deviants).sort());
  });
});

describe.skipIf(!hasRealData)(`a published certificate held against its issuer ${needsFolder}`, () => {
  const issuers = hasRealData ? realIssuers(certificates) : new Map<string, never>();
  const linked = certificates.flatMap((real) => {
    const identifier = extensionOf(real.certificate, Oids.authorityKeyIdentifier)?.value.toString("hex", 4);
    const issuer = issuers.get(identifier ?? "");
    return issuer === undefined ? [] : [{ ...real, issuer }];
  });

  it("has no finding where its issuer's key is known", () => {
    const others = linked.filter(({ name }) => name !== alteredSignature);
    expect(others.length).toBeGreaterThanOrEqual(120);
    for (const { name, certificate, issuer } of others) {
      expect(lintCertificate(certificate, { limits, issuer }), name).toEqual([]);
    }
  });

  it("with an altered signature is found by the rule signature, and by no other", () => {
    const altered = linked.find(({ name }) => name === alteredSignature);
    if (altered === undefined) throw new Error("not among the published certificates");
    const found = lintCertificate(altered.certificate, { limits, issuer: altered.issuer });
    expect(found.map(({ rule }) => rule)).toEqual(["signature"]);
  });

  it("of a policy of another environment is found by the rule certificate-policies", () => {
    const [device] = linked.filter(({ name }) => name.startsWith("published:00db"));
    const [organisation] = linked.filter(({ name }) => name === "published:Z1-recovery-ds");
    if (device === undefined || organisation === undefined) throw new Error("not there");
    const policy = Oids.commonName;
    for (const { certificate } of [device, organisation]) {
      expect(lintCertificate(certificate, { limits, policy }).map(({ rule }) => rule)).toEqual([
        "certificate-policies",
      ]);
    }
  });
});
