import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { type CertificateList, parseCrl } from "../crl/index.ts";
import { oid } from "../der/index.ts";
import { mutantsOf } from "../mutants.testdata.ts";
import type { CertificateFields } from "../profiles/index.ts";
import { type Certificate, parseCertificate } from "../syntax/index.ts";
import { keyIdentifier } from "../vocabulary/index.ts";
import {
  chainOf,
  ecKey,
  issue,
  listOf,
  present,
  revokedAt,
  type TestChain,
  validity,
} from "./chains.testdata.ts";
import type { PathOptions } from "./path-options.ts";
import { validatePath } from "./validate-path.ts";

const chains = { oca: chainOf("oca"), dca: chainOf("dca"), iki: chainOf("iki") };
const anyChain = fc.constantFrom<TestChain>(...Object.values(chains));
const anyPlace = fc.constantFrom("root", "issuing", "leaf");
const listsOf = (chain: TestChain) => [listOf(chain, "issuing"), listOf(chain, "root")];

function isGood(chain: TestChain, changes: Partial<PathOptions> = {}): boolean {
  const options = { roots: [chain.root], pool: [chain.issuing], lists: listsOf(chain), at: present };
  return validatePath(chain.leaf, { ...options, ...changes }).holds;
}

describe("a chain with one thing altered never validates", () => {
  const altersOctets = fc
    .tuple(anyChain, anyPlace)
    .chain(([chain, place]) => mutantsOf([chain[place].der]).map((octets) => ({ chain, place, octets })))
    .filter(({ chain, place, octets }) => !octets.equals(chain[place].der));

  it("in the octets of any of its certificates", () => {
    fc.assert(
      fc.property(altersOctets, ({ chain, place, octets }) => {
        const certificate = parsedOrUndefined(octets);
        if (certificate !== undefined) expect(isGood({ ...chain, [place]: certificate })).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  /** Each is signed by the right key: nothing but the field is wrong. */
  const alterations: readonly (readonly [string, (fields: CertificateFields) => object])[] = [
    ["not valid yet", () => ({ validity: { ...validity, notBefore: new Date(present.getTime() + 1000) } })],
    ["no longer valid", () => ({ validity: { ...validity, notAfter: new Date(present.getTime() - 1000) } })],
    ["a policy that is not accepted", () => ({ policy: oid("1.2.826.0.1.8641679.1.2.1.5") })],
    [
      "another key named as the issuer's",
      (fields) => ({ authorityKeyIdentifier: anotherIdentifier(fields) }),
    ],
    ["another issuer named", (fields) => ({ issuer: renamed(fields) })],
  ];

  function anotherIdentifier(fields: CertificateFields): string | undefined {
    if (!("authorityKeyIdentifier" in fields)) return undefined;
    return keyIdentifier(fields.authorityKeyIdentifier.replace(/^./, (digit) => (digit === "0" ? "1" : "0")));
  }

  const renamed = (fields: CertificateFields) =>
    "issuer" in fields ? { ...fields.issuer, commonName: `${fields.issuer.commonName}x` } : undefined;

  /** A Device Certificate has no end that could be altered, and a root names no issuer. */
  function isPossible(name: string, fields: CertificateFields): boolean {
    if (name === "no longer valid") return fields.profile !== "device";
    return !name.startsWith("another") || "issuer" in fields;
  }

  it("in a field that its issuer signed", () => {
    const policies = [oid("1.2.826.0.1.8641679.1.2.1.4")];
    fc.assert(
      fc.property(anyChain, anyPlace, fc.constantFrom(...alterations), (chain, place, [name, alter]) => {
        const fields = chain.fields[place];
        fc.pre(isPossible(name, fields));
        const change = alter(fields) as Partial<CertificateFields>;
        const indefinite = fields.profile === "device" && "validity" in change;
        const validityOf = indefinite ? { validity: { ...change.validity, notAfter: "indefinite" } } : {};
        const by = chain.keys[place === "leaf" ? "issuing" : "root"];
        const altered = issue({ ...fields, ...change, ...validityOf } as CertificateFields, by);
        expect(isGood(chain, { policies })).toBe(true);
        expect(isGood({ ...chain, [place]: altered }, { policies })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("in the octets of a list", () => {
    const chain = chains.oca;
    const crl = listOf(chain, "issuing", {
      revoked: [revokedAt(chain.leaf, new Date("2026-05-20T00:00:00Z"))],
    });
    fc.assert(
      fc.property(mutantsOf([crl.der]), (octets) => {
        const list = listOrUndefined(octets);
        // A good list is missing now; or it is the list itself, which revokes.
        if (list !== undefined) expect(isGood(chain, { lists: [list, listOf(chain, "root")] })).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what is at hand besides", () => {
  const { oca, dca } = chains;
  const stranger = issue(oca.fields.issuing, ecKey());
  const renewed = issue(oca.fields.issuing, oca.keys.root);
  const expired = issue(
    {
      ...oca.fields.issuing,
      validity: { ...validity, notAfter: new Date("2026-02-01T00:00:00Z") },
    } as CertificateFields,
    oca.keys.root,
  );
  const everything = [
    oca.issuing,
    oca.root,
    dca.issuing,
    dca.root,
    stranger,
    renewed,
    expired,
    dca.leaf,
    oca.leaf,
  ];

  it("does not matter, nor its order, nor how often it is there", () => {
    const lists = [...listsOf(oca), ...listsOf(dca)];
    const find = (pool: readonly Certificate[], inOrder: readonly CertificateList[]) =>
      validatePath(oca.leaf, { roots: [dca.root, oca.root], pool, lists: inOrder, at: present });
    const expected = find(everything, lists);
    expect(expected.holds).toBe(true);
    const anyOrder = fc.shuffledSubarray(everything, { minLength: everything.length });
    const anyLists = fc.shuffledSubarray(lists, { minLength: lists.length });
    fc.assert(
      fc.property(anyOrder, fc.subarray(everything), anyLists, (pool, again, inOrder) => {
        expect(find([...pool, ...again], inOrder)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("does not decide why a path fails either", () => {
    const pool = [stranger, expired, dca.issuing];
    const find = (each: readonly Certificate[]) =>
      validatePath(oca.leaf, { roots: [oca.root], pool: each, lists: listsOf(oca), at: present });
    const expected = find(pool);
    expect(expected.holds).toBe(false);
    fc.assert(
      fc.property(fc.shuffledSubarray(pool, { minLength: pool.length }), (each) => {
        expect(find(each)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

const parsedOrUndefined = (octets: Buffer) => orUndefined(() => parseCertificate(octets));
const listOrUndefined = (octets: Buffer) => orUndefined(() => parseCrl(octets));

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}
