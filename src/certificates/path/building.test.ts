import { describe, expect, it } from "vitest";
import type { CertificateFields } from "../profiles/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { Allowance, stepAllowance } from "./allowance.ts";
import { buildPath, searchFor } from "./build-path.ts";
import { chainOf, common, ecKey, issue, present, type TestKey, validity } from "./chains.testdata.ts";
import { Issuers } from "./issuers.ts";
import { Signatures } from "./signatures.ts";
import { createPathValidator, validatePath } from "./validate-path.ts";
import { findWays, pathsOf } from "./ways-to-root.ts";

type IssuingFields = Extract<CertificateFields, { profile: "issuing-dca" }>;

const dca = chainOf("dca");
const issuing = dca.fields.issuing as IssuingFields;
const judged = (leaf: Certificate, roots: readonly Certificate[], pool: readonly Certificate[]) =>
  validatePath(leaf, { roots, pool, at: present, revocation: "ignored" });

/** An authority of any name under any other: as many as a test needs. */
function authority(
  name: string,
  key: TestKey,
  by: { name: string; key: TestKey },
  changes = {},
): Certificate {
  return issue(
    {
      profile: "issuing-dca",
      ...common(key),
      validity,
      issuer: { commonName: by.name },
      subject: { commonName: name },
      authorityKeyIdentifier: by.key.identifier,
      ...changes,
    },
    by.key,
  );
}

function rootOf(name: string, key: TestKey, changes = {}): Certificate {
  return issue(
    { profile: "root-dca", ...common(key), validity, subject: { commonName: name }, ...changes },
    key,
  );
}

describe("a path is found", () => {
  it("among authorities of the same name with other keys", () => {
    const strangers = Array.from({ length: 20 }, () =>
      issue({ ...issuing, ...common(ecKey()) }, dca.keys.root),
    );
    expect(judged(dca.leaf, [dca.root], [...strangers, dca.issuing]).path[1]).toBe(dca.issuing);
  });

  it("to the right one of several roots of the same name", () => {
    const others = [1, 2, 3].map(() => rootOf("D0", ecKey()));
    expect(judged(dca.leaf, [...others, dca.root], [dca.issuing])).toMatchObject({
      holds: true,
      path: [dca.leaf, dca.issuing, dca.root],
    });
  });

  it("past an expired certificate of the same authority and key to its renewed one", () => {
    const expired = issue(
      {
        ...issuing,
        ...common(dca.keys.issuing),
        validity: { ...validity, notAfter: new Date("2026-02-01T00:00:00Z") },
      },
      dca.keys.root,
    );
    for (const pool of [
      [expired, dca.issuing],
      [dca.issuing, expired],
    ]) {
      expect(judged(dca.leaf, [dca.root], pool).path[1]).toBe(dca.issuing);
    }
    expect(judged(dca.leaf, [dca.root], [expired])).toMatchObject({ holds: false, reason: "expired" });
  });

  it("through the cross-certificate when only the other root is trusted", () => {
    const other = { name: "X0", key: ecKey() };
    const cross = authority("D1", dca.keys.issuing, other);
    const otherRoot = rootOf(other.name, other.key);
    expect(judged(dca.leaf, [otherRoot], [dca.issuing, dca.root, cross]).path).toEqual([
      dca.leaf,
      cross,
      otherRoot,
    ]);
  });

  it("from the root itself when a certificate of a root by another root is at hand too", () => {
    const other = { name: "X0", key: ecKey() };
    const cross = authority("D0", dca.keys.root, other);
    expect(judged(dca.leaf, [dca.root], [cross, dca.issuing]).path).toEqual([
      dca.leaf,
      dca.issuing,
      dca.root,
    ]);
  });

  it("when the root has a new key, and signed it with the old one", () => {
    const newKey = ecKey();
    const rollover = authority("D0", newKey, { name: "D0", key: dca.keys.root }, { profile: "issuing-dca" });
    const under = authority("D1", dca.keys.issuing, { name: "D0", key: newKey });
    const path = buildPath(dca.leaf, { roots: [dca.root], pool: [under, rollover] });
    expect(path).toEqual([dca.leaf, under, rollover, dca.root]);
  });
});

describe("where nothing leads to a root", () => {
  it("a self-signed certificate at the end is a root that nobody trusts; one that only names itself is not", () => {
    const others = { roots: [rootOf("X0", ecKey())], at: present, revocation: "ignored" } as const;
    const selfSigned = validatePath(dca.leaf, { ...others, pool: [dca.issuing, dca.root] });
    expect(selfSigned.reason).toBe("root-not-trusted");
    const newKey = ecKey();
    const rollover = authority("D0", newKey, { name: "D0", key: dca.keys.root });
    const under = authority("D1", dca.keys.issuing, { name: "D0", key: newKey });
    const selfIssued = validatePath(dca.leaf, { ...others, pool: [under, rollover] });
    expect(selfIssued).toMatchObject({ reason: "issuer-not-found", path: [dca.leaf, under, rollover] });
  });
});

describe("many certificates", () => {
  it("each have the whole budget, and what was verified once is verified for all", () => {
    const validate = createPathValidator({
      roots: [dca.root],
      pool: [dca.issuing],
      at: present,
      revocation: "ignored",
      signatureBudget: 3,
    });
    const by = { name: "D1", key: dca.keys.issuing };
    for (let count = 0; count < 5; count += 1) expect(validate(deviceUnder(by)).holds).toBe(true);
  });
});

describe("a pool made to be costly", () => {
  it("a circle of authorities ends, and leads nowhere", () => {
    const [a, b] = [ecKey(), ecKey()];
    const pool = [authority("D1", a, { name: "D2", key: b }), authority("D2", b, { name: "D1", key: a })];
    const leaf = issue(
      {
        ...(dca.fields.leaf as Extract<CertificateFields, { profile: "device" }>),
        authorityKeyIdentifier: a.identifier,
      },
      a,
    );
    expect(judged(leaf, [dca.root], pool)).toMatchObject({ holds: false, reason: "no-path" });
  });

  it("many that fit by name and key identifier end at the budget, which is told as itself", () => {
    // All bear the key identifier that the leaf names; no key but the last one's made the signature.
    const stated = dca.issuing.extensions.find(({ id }) => id === Oids.subjectKeyIdentifier);
    const posing = Array.from({ length: 30 }, () =>
      posingAs(issue({ ...issuing, ...common(ecKey()) }, dca.keys.root), stated?.value ?? Buffer.alloc(0)),
    );
    const options = { roots: [dca.root], pool: posing, at: present, revocation: "ignored" } as const;
    expect(validatePath(dca.leaf, { ...options, signatureBudget: 10 })).toMatchObject({
      holds: false,
      reason: "budget-exceeded",
      checks: [{ name: "path", holds: false }],
    });
    expect(() => buildPath(dca.leaf, { ...options, signatureBudget: 10 })).toThrow(/too many certificates/);
    expect(validatePath(dca.leaf, { ...options, signatureBudget: 31 }).reason).toBe("issuer-signature");
  });

  it("does not hide a good path that was found before the budget ended, and a bad one is not told as the answer", () => {
    const other = { name: "X0", key: ecKey() };
    const ended = { validity: { ...validity, notAfter: new Date("2026-02-01T00:00:00Z") } };
    const stated = Buffer.from(`0408${other.key.identifier}`, "hex");
    const posing = Array.from({ length: 30 }, () => posingAs(rootOf("X0", ecKey()), stated));
    for (const [changes, reason] of [
      [ended, "budget-exceeded"],
      [{}, undefined],
    ] as const) {
      let [found, cross] = [dca.issuing, dca.issuing];
      // They are looked at in the order of their octets.
      do {
        found = authority("D1", dca.keys.issuing, { name: "D0", key: dca.keys.root }, changes);
        cross = authority("D1", dca.keys.issuing, other);
      } while (Buffer.compare(found.der, cross.der) > 0);
      const options = { roots: [dca.root], pool: [found, cross, ...posing], at: present } as const;
      const result = validatePath(dca.leaf, { ...options, revocation: "ignored", signatureBudget: 10 });
      expect(result).toMatchObject({ holds: reason === undefined });
      expect(result.reason).toBe(reason);
    }
  });

  it("authorities that all signed one another are passed once each", () => {
    const by = [0, 1, 2, 3].map((index) => ({ name: `M${String(index)}`, key: ecKey() }));
    const [first, , , last] = by;
    if (first === undefined || last === undefined) throw new Error("no authority");
    const mesh = by.flatMap((subject) =>
      by.filter((each) => each !== subject).map((each) => authority(subject.name, subject.key, each)),
    );
    const renewed = authority(first.name, first.key, last);
    const way = authority(last.name, last.key, { name: "D0", key: dca.keys.root });
    const options = { roots: [dca.root], pool: [...mesh, renewed, way] };
    const signatures = new Signatures();
    const search = searchFor(
      deviceUnder(first),
      options,
      new Issuers([...options.pool, dca.root], signatures),
      stepAllowance(),
    );
    const ways = findWays(search.target, search.roots, search.issuers);
    const names = [...pathsOf(search, ways, () => true)].map((path) =>
      path
        .slice(1, -1)
        .map(({ subject }) => subject.label.slice(-2))
        .join(" "),
    );
    // M0 has two certificates by M3, and one by each of the others, which are passed in either order or not at all.
    expect(names.toSorted()).toEqual(
      ["M0 M3", "M0 M3", "M0 M1 M3", "M0 M2 M3", "M0 M1 M2 M3", "M0 M2 M1 M3"].toSorted(),
    );
    expect(names.slice(0, 2)).toEqual(["M0 M3", "M0 M3"]);
  });

  it("twelve authorities that all signed one another cost their signatures, not the paths between them", () => {
    const keys = Array.from({ length: 12 }, (_, index) => ({ name: `M${String(index)}`, key: ecKey() }));
    const mesh = keys.flatMap((subject) =>
      keys.filter((by) => by !== subject).map((by) => authority(subject.name, subject.key, by)),
    );
    const [first] = keys;
    if (first === undefined) throw new Error("no authority");
    expect(judged(deviceUnder(first), [dca.root], mesh)).toMatchObject({ holds: false, reason: "no-path" });
  });
});

describe("a bundle made to be costly", () => {
  it("spends no more on all its certificates than on twenty, and little more for each other", () => {
    const allowance = new Allowance(100, 1, "budget");
    const spentByOne = () => {
      allowance.renew();
      for (let spent = 0; ; spent += 1) {
        try {
          allowance.spend(1);
        } catch {
          return spent;
        }
      }
    };
    const spent = Array.from({ length: 50 }, spentByOne);
    expect(spent.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 100));
    expect(spent.slice(20)).toEqual([21, ...Array.from({ length: 29 }, () => 1)]);
  });

  it("does not keep an honest certificate in it from being judged", () => {
    // Thirty authorities that pose as one, and a hundred certificates that name it: 3,000 signatures, of which few are tried.
    const poser = { name: "P1", key: ecKey() };
    const stated = Buffer.from(`0408${poser.key.identifier}`, "hex");
    const posing = Array.from({ length: 30 }, () =>
      posingAs(authority("P1", ecKey(), { name: "D0", key: dca.keys.root }), stated),
    );
    const validate = createPathValidator({
      roots: [dca.root],
      pool: [dca.issuing, ...posing],
      at: present,
      revocation: "ignored",
      signatureBudget: 40,
    });
    const costly = Array.from({ length: 100 }, () => validate(deviceUnder(poser)).reason);
    expect(costly[0]).toBe("issuer-signature");
    expect(costly.at(-1)).toBe("budget-exceeded");
    expect(validate(dca.leaf).holds).toBe(true);
  });
});

/** A Device Certificate under any authority. */
function deviceUnder(by: { name: string; key: TestKey }): Certificate {
  return issue(
    {
      ...(dca.fields.leaf as Extract<CertificateFields, { profile: "device" }>),
      issuer: { commonName: by.name },
      authorityKeyIdentifier: by.key.identifier,
    },
    by.key,
  );
}

/** With another subject key identifier, as anybody can write one. */
function posingAs(certificate: Certificate, value: Buffer): Certificate {
  const extensions = certificate.extensions.map((each) =>
    each.id === Oids.subjectKeyIdentifier ? { ...each, value } : each,
  );
  return { ...certificate, extensions };
}
