import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Act, ActValue } from "./act.ts";
import { decodeAct, encodeAct, maximumEntryOctets } from "./act-encoding.ts";
import { certificateIssuedAct, readIssuedCertificate } from "./certificate-act.ts";

const at = new Date("2026-02-03T04:05:06.789Z");
const act: Act = {
  kind: "authority.opened",
  at,
  by: "operator:local",
  subject: { b: 1, a: [null, true, "é\n"] },
};

const values = fc.letrec<{ value: ActValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const acts = fc.record({
  kind: fc.string(),
  by: fc.string(),
  at: fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  }),
  subject: fc.dictionary(fc.string(), values, { maxKeys: 5, noNullPrototype: true }),
});

describe("an act as a ledger entry", () => {
  test("has one canonical text", () => {
    expect(encodeAct(act).toString()).toBe(
      '{"at":"2026-02-03T04:05:06.789Z","by":"operator:local","kind":"authority.opened","subject":{"a":[null,true,"é\\n"],"b":1},"version":1}',
    );
  });

  test("comes back as the act that it was", () => {
    fc.assert(
      fc.property(acts, (one) => {
        expect(encodeAct(decodeAct(encodeAct(one)))).toEqual(encodeAct(one));
        expect(decodeAct(encodeAct(one))).toEqual(one);
      }),
    );
  });

  test("does not depend on the order in which names were given", () => {
    expect(encodeAct({ ...act, subject: { a: [null, true, "é\n"], b: 1 } })).toEqual(encodeAct(act));
  });

  test.each<[string, unknown]>([
    ["a fraction", 1.5],
    ["an integer beyond 2^53", 2 ** 53],
    ["not a number", Number.NaN],
    ["a lone surrogate", "\ud800"],
    ["undefined", undefined],
    ["a big integer", 1n],
    ["nine levels", [[[[[[[[[1]]]]]]]]]],
  ])("does not hold %s", (_, value) => {
    const bad = { ...act, subject: { value: value as ActValue } };
    expect(() => encodeAct(bad)).toThrow(expect.objectContaining({ code: "LEDGER_ACT_INVALID" }));
  });

  test("says who did it and what", () => {
    for (const missing of [{ by: undefined }, { kind: undefined }, { kind: 7 }]) {
      const bad = { ...act, ...missing } as unknown as Act;
      expect(() => encodeAct(bad)).toThrow(expect.objectContaining({ code: "LEDGER_ACT_INVALID" }));
    }
  });

  test("has a time", () => {
    for (const time of [new Date(Number.NaN), new Date("+010000-01-01T00:00:00Z")]) {
      expect(() => encodeAct({ ...act, at: time })).toThrow(
        expect.objectContaining({ code: "LEDGER_ACT_INVALID" }),
      );
    }
  });

  test("fits the two octets that lead it in an entry bundle", () => {
    const fill = (length: number) => encodeAct({ ...act, subject: { text: "x".repeat(length) } });
    const spare = maximumEntryOctets - fill(0).length;
    expect(fill(spare)).toHaveLength(maximumEntryOctets);
    expect(() => fill(spare + 1)).toThrow(expect.objectContaining({ code: "LEDGER_ACT_TOO_LARGE" }));
  });

  test.each([
    ["a space", '{"at": "2026-02-03T04:05:06.789Z","by":"b","kind":"k","subject":{},"version":1}'],
    [
      "another order of names",
      '{"by":"b","at":"2026-02-03T04:05:06.789Z","kind":"k","subject":{},"version":1}',
    ],
    [
      "a name twice",
      '{"at":"2026-02-03T04:05:06.789Z","by":"b","kind":"k","subject":{"a":1,"a":1},"version":1}',
    ],
    [
      "a name more",
      '{"at":"2026-02-03T04:05:06.789Z","by":"b","extra":1,"kind":"k","subject":{},"version":1}',
    ],
    [
      "another way to write the time",
      '{"at":"2026-02-03T04:05:06Z","by":"b","kind":"k","subject":{},"version":1}',
    ],
    ["a later version", '{"at":"2026-02-03T04:05:06.789Z","by":"b","kind":"k","subject":{},"version":2}'],
    ["a fraction", '{"at":"2026-02-03T04:05:06.789Z","by":"b","kind":"k","subject":{"a":1.5},"version":1}'],
    ["no JSON", "not JSON"],
    ["a list", "[]"],
  ])("is refused with %s", (_, text) => {
    expect(() => decodeAct(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "LEDGER_ENTRY_MALFORMED" }),
    );
  });
});

describe("the act of issuing a certificate", () => {
  const issued = {
    serialNumber: "10ab",
    certificate: "0".repeat(64),
    authority: "issuing-dca/0001",
    chunk: "42",
  };

  test("is read back from its entry", () => {
    const entry = encodeAct(certificateIssuedAct(at, "credential:10a3", issued));
    expect(readIssuedCertificate(decodeAct(entry))).toEqual(issued);
  });

  test("is not seen in an act of another kind", () => {
    expect(readIssuedCertificate(act)).toBeUndefined();
  });

  test.each([{ serialNumber: "10AB" }, { serialNumber: "" }, { certificate: "00" }])(
    "is refused with %j",
    (change) => {
      expect(() =>
        readIssuedCertificate(certificateIssuedAct(at, "system", { ...issued, ...change })),
      ).toThrow(expect.objectContaining({ code: "LEDGER_ENTRY_MALFORMED" }));
    },
  );
});
