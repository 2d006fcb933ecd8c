import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bitString, nullValue, objectIdentifier, oid, readDer, sequence } from "../der/index.ts";
import type { CertificateFields } from "../profiles/index.ts";
import { type Certificate, parseCertificate } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { buildPath } from "./build-path.ts";
import {
  chainOf,
  common,
  ecKey,
  issue,
  listOf,
  present,
  type TestChain,
  type TestKey,
  validity,
} from "./chains.testdata.ts";
import type { PathReason } from "./path-check.ts";
import type { PathOptions } from "./path-options.ts";
import { type PathResult, validatePath } from "./validate-path.ts";

const oca = chainOf("oca");
const dca = chainOf("dca");
const iki = chainOf("iki");
const listsOf = (chain: TestChain) => [listOf(chain, "issuing"), listOf(chain, "root")];

const optionsOf = (chain: TestChain, changes: Partial<PathOptions> = {}): PathOptions => ({
  roots: [chain.root],
  pool: [chain.issuing],
  lists: listsOf(chain),
  at: present,
  ...changes,
});

const validate = (chain: TestChain, changes: Partial<PathOptions> = {}): PathResult =>
  validatePath(chain.leaf, optionsOf(chain, changes));

/** The chain with one of its certificates made anew from altered fields, by the right issuer. */
function altered(chain: TestChain, which: "root" | "issuing" | "leaf", change: object): TestChain {
  const fields = { ...chain.fields[which], ...change };
  return { ...chain, [which]: issue(fields, chain.keys[which === "leaf" ? "issuing" : "root"]) };
}

describe("a path of the SMKI", () => {
  it.each([
    ["Organisation", oca],
    ["Device", dca],
    ["IKI", iki],
  ])("holds from an %s Certificate to its root", (_, chain) => {
    const result = validate(chain);
    expect(result.checks.filter((check) => !check.holds)).toEqual([]);
    expect(result).toMatchObject({ holds: true, path: [chain.leaf, chain.issuing, chain.root] });
    expect(result).not.toHaveProperty("reason");
  });

  it("holds for an authority under its root, and for the root itself", () => {
    expect(validatePath(oca.issuing, optionsOf(oca)).holds).toBe(true);
    expect(validatePath(oca.root, optionsOf(oca))).toMatchObject({ holds: true, path: [oca.root] });
  });

  it("tells each check in order: the path, then from the root down, each with its source", () => {
    const { checks } = validate(oca);
    expect(checks[0]).toMatchObject({
      name: "path",
      of: "Organisation Certificate SAMPLE, 90-B3-D5-1F-30-01-00-00 (supplier, digitalSignature)",
    });
    expect([...new Set(checks.slice(1).map(({ of }) => of))]).toEqual([
      "Root OCA ZA",
      "Issuing OCA Z1",
      "Organisation Certificate SAMPLE, 90-B3-D5-1F-30-01-00-00 (supplier, digitalSignature)",
    ]);
    for (const { words, source } of checks) {
      expect(words).toMatch(/^[A-Z].*[^.]$/);
      expect(source).toMatch(/^(RFC|SEC|GBCS)/);
    }
  });

  it("is built without judging anything but names, key identifiers and signatures", () => {
    const expired = altered(oca, "leaf", {
      validity: { ...validity, notAfter: new Date("2026-02-01T00:00:00Z") },
    });
    expect(buildPath(expired.leaf, optionsOf(expired))).toEqual([expired.leaf, oca.issuing, oca.root]);
    expect(buildPath(oca.leaf, { roots: [dca.root], pool: [oca.issuing, oca.root] })).toBeUndefined();
  });
});

describe("a path does not hold", () => {
  const reasonOf = (chain: TestChain, changes?: Partial<PathOptions>): PathReason | undefined => {
    const result = validate(chain, changes);
    expect(result.holds).toBe(false);
    return result.reason;
  };

  it("without a trusted root, whatever the pool calls a root", () => {
    expect(reasonOf(oca, { roots: [], pool: [oca.issuing, oca.root] })).toBe("root-not-trusted");
    expect(reasonOf(oca, { roots: [dca.root], pool: [oca.issuing, oca.root] })).toBe("root-not-trusted");
  });

  it("when the issuing CA is not at hand", () => {
    expect(reasonOf(oca, { pool: [] })).toBe("issuer-not-found");
  });

  it("through an authority of the same name with another key", () => {
    const other = { ...chainOf("oca"), leaf: oca.leaf };
    expect(reasonOf(other)).toBe("issuer-key-identifier");
  });

  it("through an authority of the same name and key identifier whose key did not sign it", () => {
    const impostor = ecKey();
    const fields = { ...oca.fields.issuing, publicKey: impostor.publicKey } as CertificateFields;
    const issuing = withIdentifier(issue(fields, oca.keys.root));
    expect(reasonOf({ ...oca, issuing })).toBe("issuer-signature");
  });

  it("when a root is not self-signed: nothing else ends a path", () => {
    expect(reasonOf(oca, { roots: [oca.issuing], pool: [] })).toBe("not-self-signed");
  });

  it.each([
    ["before it begins", "2025-12-31T23:59:59Z", "not-yet-valid"],
    ["after it ends", "2031-01-01T00:00:00Z", "expired"],
  ])("%s", (_, at, reason) => {
    expect(reasonOf(oca, { at: new Date(at), revocation: "ignored" })).toBe(reason);
  });

  it("at no time at all: the caller is told", () => {
    expect(() => validate(oca, { at: new Date("yesterday") })).toThrow(RangeError);
  });

  it("from the second after its end, and not before", () => {
    const at = (time: string) => validate(oca, { at: new Date(time), revocation: "ignored" }).holds;
    expect(at("2026-01-01T00:00:00.000Z")).toBe(true);
    expect(at("2030-12-31T23:59:59.999Z")).toBe(true);
    expect(at("2031-01-01T00:00:00.000Z")).toBe(false);
  });

  it("but a Device Certificate has no end of its own: only its authorities have", () => {
    const late = { at: new Date("2031-01-01T00:00:00Z"), revocation: "ignored" } as const;
    const result = validate(dca, late);
    const failing = result.checks.filter((check) => !check.holds).map(({ of }) => of);
    expect(failing).toEqual(["Root DCA D0", "Issuing DCA D1"]);
  });

  it("when an end entity's key is for another thing than its profile has, or for two", () => {
    const usages = [
      [0x03, 0x02, 0x06, 0x40],
      [0x03, 0x02, 0x03, 0x88],
      [0x03, 0x02, 0x05, 0x20],
    ];
    for (const usage of usages)
      expect(reasonOf({ ...oca, leaf: withExtension(oca.leaf, Oids.keyUsage, Buffer.from(usage)) })).toBe(
        "key-usage",
      );
    // keyAgreement, which an Organisation may have and an officer may not.
    const agreement = Buffer.from([0x03, 0x02, 0x03, 0x08]);
    expect(validate({ ...oca, leaf: withExtension(oca.leaf, Oids.keyUsage, agreement) }).holds).toBe(true);
    expect(reasonOf({ ...iki, leaf: withExtension(iki.leaf, Oids.keyUsage, agreement) })).toBe("key-usage");
  });

  it("without a policy, or with more than one", () => {
    const one = sequence(objectIdentifier(oid("1.2.826.0.1.8641679.1.2.1.4")));
    const withPolicies = (value: Buffer) => ({
      ...oca,
      leaf: withExtension(oca.leaf, Oids.certificatePolicies, value),
    });
    expect(validate(withPolicies(sequence(one))).holds).toBe(true);
    expect(reasonOf(withPolicies(sequence()))).toBe("policy");
    expect(reasonOf(withPolicies(sequence(one, one)))).toBe("policy");
    const any = sequence(objectIdentifier(oid("2.5.29.32.0")));
    expect(reasonOf(withPolicies(sequence(any)))).toBe("policy");
    const qualified = sequence(objectIdentifier(oid("1.2.826.0.1.8641679.1.2.1.4")), sequence(one));
    expect(reasonOf(withPolicies(sequence(qualified)))).toBe("extension-unknown-critical");
  });

  it("when the signature algorithm that was signed is not the one that it bears", () => {
    const withNull = sequence(objectIdentifier(Oids.ecdsaWithSha256), nullValue);
    const leaf = parseCertificate(sequence(oca.leaf.tbs, withNull, bitString(oca.leaf.signatureValue)));
    expect(reasonOf({ ...oca, leaf })).toBe("algorithm");
  });

  it("when an authority allows none under it and there is one", () => {
    expect(reasonOf(altered(oca, "root", { pathLength: 0 }))).toBe("path-length");
  });

  it("when more authorities stand between than the caller allows", () => {
    expect(reasonOf(oca, { maximumAuthorities: 0 })).toBe("path-too-long");
  });

  it("under a policy that the caller does not accept", () => {
    expect(validate(oca, { policies: [oid("1.2.826.0.1.8641679.1.2.1.4")] }).holds).toBe(true);
    expect(reasonOf(oca, { policies: [oid("1.2.3")] })).toBe("policy");
  });

  it("across the levels: a root issues no Device Certificate", () => {
    const device = issue(
      {
        ...(dca.fields.leaf as Extract<CertificateFields, { profile: "device" }>),
        issuer: { commonName: "D0" },
        authorityKeyIdentifier: dca.keys.root.identifier,
      },
      dca.keys.root,
    );
    expect(reasonOf({ ...dca, leaf: device })).toBe("hierarchy");
    expect(validate({ ...dca, leaf: device }, { shape: "any" }).reason).toBeUndefined();
  });

  it("across the hierarchies: neither an end entity nor an authority stands under another's", () => {
    const chains = { oca, dca, iki };
    const tried = Object.entries(chains).flatMap(([name, from]) =>
      Object.entries(chains)
        .filter(([other]) => other !== name)
        .flatMap(([other, to]) =>
          (["leaf", "issuing"] as const).map((which) => {
            const by = which === "leaf" ? "issuing" : "root";
            const moved = movedUnder(from[which], to[by], to.keys[by]);
            const result = validatePath(moved, { ...optionsOf(to), revocation: "ignored" });
            const reasons = result.checks.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
            return { what: `${which} of ${name} under ${other}`, holds: result.holds, reasons };
          }),
        ),
    );
    expect(tried).toHaveLength(12);
    expect(tried.filter(({ holds, reasons }) => holds || !reasons.includes("hierarchy"))).toEqual([]);
  });

  it("when an end entity issues: a leaf's key may sign no certificate", () => {
    const under = issue(
      {
        ...(oca.fields.leaf as Extract<CertificateFields, { profile: "organisation" }>),
        serialNumber: common(oca.keys.leaf).serialNumber,
        authorityKeyIdentifier: oca.keys.leaf.identifier,
      },
      oca.keys.leaf,
    );
    const posing = { ...oca.leaf, subject: oca.issuing.subject };
    const result = validatePath(
      under,
      optionsOf(oca, { pool: [oca.issuing, posing], revocation: "ignored" }),
    );
    expect(result.holds).toBe(false);
    expect(result.checks.map(({ reason }) => reason)).toContain("not-an-authority");
  });
});

/** The certificate as another authority would have issued it: its name and kind of signature, without its key identifier. */
function movedUnder(certificate: Certificate, issuer: Certificate, key: TestKey): Certificate {
  const elements = readDer(certificate.tbs, (reader) =>
    reader.sequence((inner) => {
      const parts: Buffer[] = [];
      while (!inner.atEnd) parts.push(Buffer.from(inner.element()));
      return parts;
    }),
  );
  const algorithm = issuer.signatureAlgorithm.der;
  elements.splice(2, 2, algorithm, issuer.subject.der);
  // An authorityKeyIdentifier would be of another length: as an extension of no meaning it names no key.
  const id = objectIdentifier(Oids.authorityKeyIdentifier);
  for (const part of elements.slice(-1)) objectIdentifier(oid("2.5.29.99")).copy(part, part.indexOf(id));
  const tbs = sequence(...elements);
  return parseCertificate(sequence(tbs, algorithm, bitString(sign("sha256", tbs, key.privateKey))));
}

/** Gives a certificate the key identifier of the Issuing OCA of {@link oca}. */
function withIdentifier(certificate: Certificate): Certificate {
  const stated = oca.issuing.extensions.find(({ id }) => id === Oids.subjectKeyIdentifier);
  if (stated === undefined) throw new Error("no key identifier");
  return withExtension(certificate, stated.id, stated.value);
}

/** As if it had been signed with another value of an extension: the signature is over the octets, which stay. */
function withExtension(certificate: Certificate, id: string, value: Buffer): Certificate {
  const extensions = certificate.extensions.map((each) => (each.id === id ? { ...each, value } : each));
  return { ...certificate, extensions };
}
