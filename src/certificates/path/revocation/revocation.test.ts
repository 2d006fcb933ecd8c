import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { oid } from "../../der/index.ts";
import { assembleCertificate, type CertificateFields } from "../../profiles/index.ts";
import { type Certificate, parseCertificate } from "../../syntax/index.ts";
import { createSerialNumber } from "../../vocabulary/index.ts";
import {
  chainOf,
  ecKey,
  issue,
  type ListChanges,
  listOf,
  present,
  revokedAt,
  type TestChain,
  validity,
} from "../chains.testdata.ts";
import type { PathOptions } from "../path-options.ts";
import { Signatures } from "../signatures.ts";
import { standingOf } from "../standing.ts";
import { type PathResult, validatePath } from "../validate-path.ts";
import { RevocationLists } from "./revocation-lists.ts";

const oca = chainOf("oca");
const dca = chainOf("dca");
const time = (text: string) => new Date(text);

function validate(chain: TestChain, changes: Partial<PathOptions>): PathResult {
  return validatePath(chain.leaf, { roots: [chain.root], pool: [chain.issuing], at: present, ...changes });
}

/** What comes of the leaf with a CRL that differs so, and a good ARL. */
const withCrl = (changes: ListChanges, mode: PathOptions["revocation"] = "required", at = present) =>
  validate(oca, { lists: [listOf(oca, "issuing", changes), listOf(oca, "root")], revocation: mode, at });

const wordsOf = ({ checks }: PathResult, of: string): string =>
  checks.find((check) => check.name === "revocation" && check.of.startsWith(of))?.words ?? "";

describe("whether a certificate is revoked", () => {
  it("is told by the current lists of its issuer and of the root", () => {
    const result = withCrl({});
    expect(result.holds).toBe(true);
    expect(wordsOf(result, "Organisation")).toBe(
      "It is not on the list of 2026-06-01 00:00:00Z, which is current until 2026-06-03 00:00:00Z",
    );
    expect(wordsOf(result, "Root OCA")).toBe("No list can revoke a root: those who trust it decide");
  });

  it("an end entity on the CRL is", () => {
    const result = withCrl({ revoked: [revokedAt(oca.leaf, time("2026-05-20T10:00:00Z"))] });
    expect(result).toMatchObject({ holds: false, reason: "revoked" });
    expect(wordsOf(result, "Organisation")).toBe(
      "It was revoked on 2026-05-20 10:00:00Z, says the list of 2026-06-01 00:00:00Z",
    );
  });

  it("an authority on the ARL is, and with it all that it issued, Device Certificates too", () => {
    for (const chain of [oca, dca]) {
      const revoked = [revokedAt(chain.issuing, time("2026-05-20T10:00:00Z"))];
      const lists = [listOf(chain, "issuing"), listOf(chain, "root", { revoked })];
      expect(validate(chain, { lists })).toMatchObject({ holds: false, reason: "revoked" });
    }
  });

  it("an end entity on the current list is, even if its entry bears a later time", () => {
    const result = withCrl({ revoked: [revokedAt(oca.leaf, time("2026-06-01T18:00:00Z"))] });
    expect(result).toMatchObject({ holds: false, reason: "revoked" });
  });

  it("another serial number on the list says nothing", () => {
    expect(withCrl({ revoked: [revokedAt(oca.issuing, time("2026-05-20T10:00:00Z"))] }).holds).toBe(true);
  });

  it("a Device Certificate cannot be: it needs no CRL, its Issuing DCA needs the ARL", () => {
    const result = validate(dca, { lists: [listOf(dca, "root")] });
    expect(result.holds).toBe(true);
    expect(wordsOf(result, "Device")).toMatch(/^A Device Certificate cannot be revoked/);
    expect(validate(dca, { lists: [] })).toMatchObject({ holds: false, reason: "list-missing" });
  });
});

describe("at the given time", () => {
  const before = time("2026-05-10T00:00:00Z");
  const revoked = [revokedAt(oca.leaf, time("2026-05-20T10:00:00Z"))];
  const laterCrl = listOf(oca, "issuing", { revoked });
  const lists = [
    laterCrl,
    listOf(oca, "root", {
      thisUpdate: time("2026-01-01T00:00:00Z"),
      nextUpdate: time("2026-12-31T00:00:00Z"),
    }),
  ];

  it("a certificate that was revoked afterwards is told so, and the later list is not current then", () => {
    expect(validate(oca, { lists, at: before })).toMatchObject({ holds: false, reason: "list-not-current" });
    const told = validate(oca, { lists, at: before, revocation: "told" });
    expect(told.holds).toBe(true);
    expect(wordsOf(told, "Organisation")).toMatch(/was revoked afterwards, on 2026-05-20 10:00:00Z$/);
  });

  it("it holds with the list of that time", () => {
    const current = listOf(oca, "issuing", {
      thisUpdate: time("2026-05-09T00:00:00Z"),
      nextUpdate: time("2026-05-11T00:00:00Z"),
    });
    expect(validate(oca, { lists: [...lists, current], at: before }).holds).toBe(true);
  });

  it("one revoked by then is revoked, also by a list that ended, and also where lists are only told of", () => {
    const late = { lists, at: time("2026-07-01T00:00:00Z"), revocation: "told" } as const;
    expect(validate(oca, late)).toMatchObject({ holds: false, reason: "revoked" });
  });

  it("a list is current from its first second to its last", () => {
    const at = (text: string) => withCrl({}, "required", time(text)).reason;
    expect(at("2026-06-01T00:00:00Z")).toBeUndefined();
    expect(at("2026-06-03T00:00:00Z")).toBeUndefined();
    expect(at("2026-05-31T23:59:59Z")).toBe("list-not-current");
    expect(at("2026-06-03T00:00:01Z")).toBe("list-not-current");
  });
});

describe("a list that answers nothing has its own reason", () => {
  it.each([
    ["is not there", "list-missing", () => [listOf(oca, "root")]],
    [
      "ended before",
      "list-not-current",
      () => [
        listOf(oca, "issuing", {
          thisUpdate: time("2026-05-01T00:00:00Z"),
          nextUpdate: time("2026-05-03T00:00:00Z"),
        }),
      ],
    ],
    [
      "names another key of the issuer's",
      "list-wrong-key",
      () => [listOf(oca, "issuing", { authorityKeyIdentifier: ecKey().identifier })],
    ],
    [
      "is signed by another key",
      "list-signature",
      () => [listOf(oca, "issuing", { signedBy: oca.keys.root })],
    ],
    [
      "has no number",
      "list-form",
      () => [listOf(oca, "issuing")].map((list) => ({ ...list, extensions: list.extensions.slice(0, 1) })),
    ],
    [
      "lists a part only, even if it does not say so critically",
      "list-form",
      () =>
        [listOf(oca, "issuing")].map((list) => ({
          ...list,
          extensions: [
            ...list.extensions,
            { id: oid("2.5.29.28"), critical: false, value: Buffer.from("3000", "hex") },
          ],
        })),
    ],
    [
      "is of version 1",
      "list-form",
      () => [listOf(oca, "issuing")].map((list) => ({ ...list, version: 1 as const })),
    ],
    [
      "does not say when the next is due",
      "list-form",
      () => [listOf(oca, "issuing")].map((list) => ({ ...list, nextUpdate: undefined })),
    ],
    [
      "has an entry with a critical extension, which would say of whom it is",
      "list-form",
      () =>
        [listOf(oca, "issuing", { revoked: [revokedAt(oca.issuing, present)] })].map((list) => ({
          ...list,
          entries: list.entries.map((entry) => ({
            ...entry,
            extensions: entry.extensions.map((extension) => ({ ...extension, critical: true })),
          })),
        })),
    ],
  ] as const)("one that %s", (_, reason, lists) => {
    const all = [listOf(oca, "root"), ...lists()];
    expect(validate(oca, { lists: all })).toMatchObject({ holds: false, reason });
    const told = validate(oca, { lists: all, revocation: "told" });
    expect(told.holds).toBe(true);
    expect(told.checks.filter((check) => check.reason !== undefined)).toMatchObject([
      { name: "revocation", holds: true, reason },
    ]);
  });

  it("and does not hide a good one of the same issuer", () => {
    const bad = listOf(oca, "issuing", { signedBy: oca.keys.root });
    const lists = [bad, listOf(oca, "issuing"), listOf(oca, "root")];
    expect(validate(oca, { lists }).holds).toBe(true);
  });

  it("is read once, however many certificates its issuer has", () => {
    const ended = { validity: { ...validity, notAfter: time("2026-02-01T00:00:00Z") } };
    const renewed = Array.from({ length: 30 }, () =>
      issue(
        {
          ...(oca.fields.issuing as Extract<CertificateFields, { profile: "issuing-oca" }>),
          ...ended,
          serialNumber: createSerialNumber(present),
        },
        oca.keys.root,
      ),
    );
    let reads = 0;
    const list = listOf(oca, "issuing");
    const counted = {
      ...list,
      get entries() {
        reads += 1;
        return list.entries;
      },
    };
    const lists = [counted, listOf(oca, "root")];
    expect(validate(oca, { pool: renewed, lists })).toMatchObject({ holds: false, reason: "expired" });
    // For its form, and for its index.
    expect(reads).toBe(2);
  });

  it("of a key that may not sign lists", () => {
    const lists = [listOf(oca, "issuing"), listOf(oca, "root")];
    expect(validate(oca, { pool: [mayNotSignLists()], lists })).toMatchObject({
      holds: false,
      reason: "list-issuer-usage",
    });
  });

  it("for one certificate of its issuer, and a good one for another with the same key", () => {
    const lists = new RevocationLists([listOf(oca, "issuing")], new Signatures());
    const soundFor = (certificate: Certificate) => lists.of(standingOf(certificate)).sound.length;
    const otherIdentifier = issuingWith(oca.keys.issuing.identifier, "ff".repeat(8));
    expect([mayNotSignLists(), otherIdentifier, oca.issuing].map(soundFor)).toEqual([0, 0, 1]);
  });

  it("what a list says that nobody signed revokes nobody", () => {
    const forged = listOf(oca, "issuing", {
      signedBy: ecKey(),
      revoked: [revokedAt(oca.leaf, time("2026-05-20T10:00:00Z"))],
    });
    const lists = [forged, listOf(oca, "issuing"), listOf(oca, "root")];
    expect(validate(oca, { lists }).holds).toBe(true);
  });

  it("lists are not looked at when the caller says so", () => {
    const { holds, checks } = validate(oca, { revocation: "ignored" });
    expect(holds).toBe(true);
    expect(checks.map(({ name }) => name)).not.toContain("revocation");
  });
});

/** The Issuing OCA's certificate with some of its octets exchanged, signed by its root. */
function issuingWith(octets: string, others: string): Certificate {
  const tbs = Buffer.from(oca.issuing.tbs.toString("hex").replace(octets, others), "hex");
  return parseCertificate(assembleCertificate(tbs, sign("sha256", tbs, oca.keys.root.privateKey)));
}

/** keyCertSign alone, instead of keyCertSign and cRLSign. */
const mayNotSignLists = () => issuingWith("03020106", "03020204");
