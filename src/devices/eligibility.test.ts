import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PartyCategory } from "../registration/party.ts";
import {
  type DeviceType,
  deviceTypes,
  editions,
  notInInventory,
  rulebookFor,
  type SmiStatus,
  smiStatuses,
} from "../rulebook/index.ts";
import { decide, type KnownDevice } from "./eligibility.ts";

const rules = rulebookFor("response");
const [asker, another] = [1, 2];

/**
 * The table of SEC L3.16: for a Device of that type, who asks. `any`: whatever its SMI status; `pending`: while it is
 * pending; `never`.
 */
const table: Record<DeviceType, readonly [dcc: Cell, importSupplier: Cell, gasSupplier: Cell, other: Cell]> =
  {
    ESME: ["pending", "any", "pending", "pending"],
    GSME: ["pending", "pending", "any", "pending"],
    CHF: ["any", "pending", "pending", "pending"],
    GPF: ["any", "pending", "pending", "pending"],
    HCALCS: ["pending", "any", "pending", "pending"],
    SAPC: ["pending", "any", "pending", "pending"],
    "PPMID-electricity": ["pending", "any", "pending", "pending"],
    "PPMID-gas": ["pending", "pending", "any", "pending"],
    IHD: ["never", "never", "never", "never"],
    CAD: ["never", "never", "never", "never"],
    Type2: ["never", "never", "never", "never"],
  };
type Cell = "any" | "pending" | "never";

const askers = ["the DCC", "its Import Supplier", "its Gas Supplier", "a manufacturer"] as const;

function ask(who: (typeof askers)[number], deviceType: DeviceType, smiStatus: SmiStatus | undefined) {
  const category: PartyCategory =
    who === "the DCC" ? "dcc" : who === "a manufacturer" ? "manufacturer" : "large-supplier";
  const device = {
    deviceType,
    importSupplier: who === "its Import Supplier" ? asker : another,
    gasSupplier: who === "its Gas Supplier" ? asker : another,
    ...(smiStatus === undefined ? {} : { smiStatus }),
  };
  return decide({ id: asker, categories: [category] }, device, rules).eligible;
}

describe.each(askers)("%s", (who) => {
  const place = askers.indexOf(who);
  const cells = deviceTypes.flatMap((type) => smiStatuses.map((status) => [type, status] as const));

  test.each(cells)("asks for a certificate of a %s that is %s", (type, status) => {
    const cell = table[type][place];
    const expected = cell === "any" || (cell === "pending" && status === "Pending");
    expect(ask(who, type, status)).toBe(expected);
  });

  test.each(["IHD", "CAD", "Type2"] as const)("never has one for a Type 2 Device (%s)", (type) => {
    expect(ask(who, type, undefined)).toBe(false);
  });
});

describe("a Device that is not in the inventory", () => {
  test.each<PartyCategory>(["dcc", "large-supplier", "gas-network", "manufacturer"])(
    "is open to every Authorised Subscriber: %s",
    (category) => {
      const decision = decide({ id: asker, categories: [category] }, notInInventory, rules);
      expect(decision.eligible).toBe(true);
    },
  );
});

describe("a Supplier", () => {
  test("of electricity has no more right to the gas meter beside its own than anyone else", () => {
    const device = {
      deviceType: "GSME",
      smiStatus: "Commissioned",
      importSupplier: asker,
      gasSupplier: another,
    } as const;
    expect(decide({ id: asker, categories: ["large-supplier"] }, device, rules)).toEqual({
      eligible: false,
      reason: "not-responsible",
    });
  });

  test("of both has the certificates of both meters", () => {
    for (const deviceType of ["ESME", "GSME"] as const) {
      const device = {
        deviceType,
        smiStatus: "Commissioned",
        importSupplier: asker,
        gasSupplier: asker,
      } as const;
      expect(decide({ id: asker, categories: ["large-supplier"] }, device, rules).eligible).toBe(true);
    }
  });
});

describe.each(editions)("in the edition %s, whatever the Device and the Party", (edition) => {
  const listed = fc.record(
    {
      deviceType: fc.constantFrom(...deviceTypes),
      smiStatus: fc.constantFrom(...smiStatuses),
      importSupplier: fc.integer({ min: 1, max: 3 }),
      gasSupplier: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ["deviceType"] },
  );
  const device: fc.Arbitrary<KnownDevice> = fc.oneof(listed, fc.constant(notInInventory));
  const party = fc.record({
    id: fc.integer({ min: 1, max: 3 }),
    categories: fc.subarray<PartyCategory>(["large-supplier", "manufacturer", "dcc"]),
  });
  const book = rulebookFor(edition);

  test("what anyone may have everyone may have, and to be more never takes a right away", () => {
    fc.assert(
      fc.property(party, device, (who, what) => {
        const stranger = decide({ id: 99, categories: [] }, what, book).eligible;
        const asIs = decide(who, what, book).eligible;
        const asDccToo = decide({ ...who, categories: [...who.categories, "dcc"] }, what, book).eligible;
        expect(!stranger || asIs).toBe(true);
        expect(!asIs || asDccToo).toBe(true);
      }),
    );
  });

  test("nobody has a certificate for a Type 2 Device, and after Pending only the one who is responsible", () => {
    fc.assert(
      fc.property(party, listed, (who, what) => {
        const decision = decide(who, what, book);
        if (!decision.eligible) return;
        expect(["IHD", "CAD", "Type2"]).not.toContain(what.deviceType);
        if (what.smiStatus === "Pending") return;
        expect(
          (decision.as === "dcc" && who.categories.includes("dcc")) ||
            (decision.as === "import-supplier" && what.importSupplier === who.id) ||
            (decision.as === "gas-supplier" && what.gasSupplier === who.id),
        ).toBe(true);
      }),
    );
  });
});
