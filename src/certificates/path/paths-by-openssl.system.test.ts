import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeListPem } from "../bundle-file.ts";
import { encodePem } from "../certificate-file.ts";
import type { CertificateList } from "../crl/index.ts";
import type { CertificateFields } from "../profiles/index.ts";
import {
  chainOf,
  ecKey,
  issue,
  listOf,
  revokedAt,
  rsaKey,
  type TestChain,
  validity,
} from "./chains.testdata.ts";
import { validatePath } from "./validate-path.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const time = (text: string) => new Date(text);

/** Before the lists and their certificates, while they are current, after each of their ends. */
const times = [
  "2025-12-31T23:59:59Z",
  "2026-05-31T23:59:59Z",
  "2026-06-01T12:00:00Z",
  "2026-06-03T00:00:01Z",
  "2027-03-01T00:00:00Z",
  "2031-01-01T00:00:00Z",
].map(time);

const longLists = { thisUpdate: time("2025-12-01T00:00:00Z"), nextUpdate: time("2032-01-01T00:00:00Z") };

/** The lists of a chain in each state. */
const listsOf: Readonly<Record<string, (chain: TestChain) => CertificateList[]>> = {
  "both lists, nobody on them": (chain) => [listOf(chain, "issuing"), listOf(chain, "root")],
  "lists that outlast everything": (chain) => [
    listOf(chain, "issuing", longLists),
    listOf(chain, "root", longLists),
  ],
  "the end entity on the CRL": (chain) => [
    listOf(chain, "issuing", {
      ...longLists,
      revoked: [revokedAt(chain.leaf, time("2026-02-01T00:00:00Z"))],
    }),
    listOf(chain, "root", longLists),
  ],
  "the authority on the ARL": (chain) => [
    listOf(chain, "issuing", longLists),
    listOf(chain, "root", {
      ...longLists,
      revoked: [revokedAt(chain.issuing, time("2026-02-01T00:00:00Z"))],
    }),
  ],
  "no ARL": (chain) => [listOf(chain, "issuing", longLists)],
  "a CRL that another signed": (chain) => [
    listOf(chain, "issuing", { ...longLists, signedBy: chain.keys.root }),
    listOf(chain, "root", longLists),
  ],
};

/** The chain as it is, and with one certificate made wrong by the right issuer, or right by the wrong one. */
const variants: Readonly<Record<string, (chain: TestChain) => TestChain>> = {
  "as it is": (chain) => chain,
  "an authority that ended": (chain) => ({
    ...chain,
    issuing: reissued(chain, "issuing", {
      validity: { ...validity, notAfter: time("2026-02-01T00:00:00Z") },
    }),
  }),
  "a root that allows no authority": (chain) => ({
    ...chain,
    root: reissued(chain, "root", { pathLength: 0 }),
  }),
  "an end entity that a stranger signed": (chain) => ({
    ...chain,
    leaf: issue(chain.fields.leaf, strangerTo(chain)),
  }),
  "an authority that a stranger signed": (chain) => ({
    ...chain,
    issuing: issue(chain.fields.issuing, strangerTo(chain)),
  }),
  "an authority with another key": (chain) => ({
    ...chain,
    issuing: reissued(chain, "issuing", { publicKey: strangerTo(chain).publicKey }),
  }),
  "a root with another name": (chain) => ({
    ...chain,
    root: reissued(chain, "root", { subject: { ...subjectOf(chain), commonName: "other" } }),
  }),
};

function reissued(chain: TestChain, place: "root" | "issuing", change: object) {
  return issue({ ...chain.fields[place], ...change }, chain.keys.root);
}

const isIki = ({ fields }: TestChain) => fields.root.profile === "iki-root";
const [strangeEc, strangeRsa] = [ecKey(), rsaKey()];
const strangerTo = (chain: TestChain) => (isIki(chain) ? strangeRsa : strangeEc);
const subjectOf = ({ fields }: TestChain) =>
  (fields.root as Extract<CertificateFields, { profile: "root-oca" }>).subject;

describe.skipIf(!hasOpenssl)("OpenSSL and we agree on a path [needs openssl]", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "smki-paths-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function opensslAccepts(chain: TestChain, lists: readonly CertificateList[], at: Date): boolean {
    const files = {
      root: encodePem(chain.root.der),
      issuing: encodePem(chain.issuing.der),
      leaf: encodePem(chain.leaf.der),
      lists: lists.map(({ der }) => encodeListPem(der)).join(""),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const seconds = String(at.getTime() / 1000);
    const checks = ["-x509_strict", "-check_ss_sig", "-crl_check_all", "-attime", seconds];
    const from = ["-CAfile", "root", "-untrusted", "issuing", "-CRLfile", "lists"];
    const answer = spawnSync("openssl", ["verify", ...checks, ...from, "leaf"], {
      cwd: folder,
      encoding: "utf8",
    });
    // 2: the path does not hold. Anything else says that the question was wrong.
    if (answer.status !== 0 && answer.status !== 2) throw new Error(answer.stderr);
    return answer.status === 0;
  }

  const matrix = (["oca", "dca", "iki"] as const).flatMap((hierarchy) =>
    Object.keys(variants).map((variant) => [hierarchy, variant] as const),
  );

  it.each(matrix)("%s, %s", (hierarchy, variant) => {
    const chain = variants[variant]?.(chainOf(hierarchy));
    if (chain === undefined) throw new Error("no such variant");
    const answers = Object.entries(listsOf).flatMap(([lists, make]) =>
      times.map((at) => {
        const made = make(chain);
        const { roots, pool } = { roots: [chain.root], pool: [chain.issuing] };
        return {
          question: `${lists}, at ${at.toISOString()}`,
          ours: validatePath(chain.leaf, { roots, pool, lists: made, at }).holds,
          theirs: opensslAccepts(chain, made, at),
        };
      }),
    );
    expect(answers.filter(({ ours, theirs }) => ours !== theirs)).toEqual([]);
    expect(answers.some(({ theirs }) => theirs)).toBe(variant === "as it is");
  });
});
