import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate } from "./allocation.ts";
import type { Authority, AuthorityState } from "./authority.ts";

const now = new Date("2026-06-01T12:00:00Z");
const cap = { maximumCertificates: 100, maximumAge: { value: 3, unit: "months" } as const };

function issuingDca(number: number, state: AuthorityState, reserved = 0, firstUsedAt?: Date): Authority {
  return {
    id: `issuing-dca/000${String(number)}`,
    profile: "issuing-dca",
    issuerId: "root-dca",
    serialNumber: "10" as Authority["serialNumber"],
    certificate: Buffer.alloc(0),
    keyLabel: "key",
    state,
    reserved,
    ...(firstUsedAt === undefined ? {} : { firstUsedAt }),
  };
}

const outline = (plan: ReturnType<typeof allocate>) =>
  plan.allocations.map(({ authority, count, takesOver, retires }) => [
    authority.id.slice(-1),
    count,
    takesOver,
    retires,
  ]);

describe("an Issuing DCA hands over between two signatures", () => {
  test("a chunk that fits stays with the active one", () => {
    const plan = allocate([issuingDca(1, "active", 40, now), issuingDca(2, "released")], 60, now, cap);
    expect(outline(plan)).toEqual([["1", 60, false, false]]);
  });
  test("a chunk that does not fit ends under the next, and the first retires", () => {
    const plan = allocate([issuingDca(2, "released"), issuingDca(1, "active", 70, now)], 50, now, cap);
    expect(outline(plan)).toEqual([
      ["1", 30, false, true],
      ["2", 20, true, false],
    ]);
  });
  test("one that was filled exactly retires at the next request", () => {
    const plan = allocate([issuingDca(1, "active", 100, now), issuingDca(2, "released")], 1, now, cap);
    expect(outline(plan)).toEqual([
      ["1", 0, false, true],
      ["2", 1, true, false],
    ]);
  });
  test("one that is past its age gives no further signature", () => {
    const old = new Date("2026-03-01T12:00:00Z");
    const plan = allocate([issuingDca(1, "active", 5, old), issuingDca(2, "released")], 1, now, cap);
    expect(outline(plan)).toEqual([
      ["1", 0, false, true],
      ["2", 1, true, false],
    ]);
  });
  test("stock that two persons have not released is never used: the requests wait", () => {
    const plan = allocate([issuingDca(1, "active", 99, now), issuingDca(2, "stock")], 3, now, cap);
    expect(plan.shortfall).toBe(2);
    expect(outline(plan)).toEqual([["1", 1, false, true]]);
  });
  test("a CA without a cap takes everything", () => {
    expect(allocate([issuingDca(1, "active", 1_000_000, now)], 50_000, now).shortfall).toBe(0);
  });
});

test("no plan exceeds a cap, and every certificate is allocated or short", () => {
  const states = fc.constantFrom<AuthorityState>("stock", "released", "retired", "revoked");
  fc.assert(
    fc.property(
      fc.array(fc.record({ state: states, reserved: fc.nat(120) }), { maxLength: 6 }),
      fc.nat(100),
      fc.nat(500),
      (others, activeReserved, count) => {
        const authorities = [
          issuingDca(0, "active", activeReserved, now),
          ...others.map(({ state, reserved }, index) => issuingDca(index + 1, state, reserved)),
        ];
        const { allocations, shortfall } = allocate(authorities, count, now, cap);
        expect(allocations.reduce((sum, { count: taken }) => sum + taken, 0) + shortfall).toBe(count);
        for (const { authority, count: taken } of allocations) {
          expect(["active", "released"]).toContain(authority.state);
          if (taken > 0) expect(authority.reserved + taken).toBeLessThanOrEqual(cap.maximumCertificates);
        }
      },
    ),
  );
});
