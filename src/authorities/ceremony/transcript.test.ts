import { describe, expect, test } from "vitest";
import { fingerprint, requireWitnesses, Transcript } from "./transcript.ts";

const refusal = expect.objectContaining({ code: "CEREMONY_WITNESSES_NEEDED" }) as Error;

describe("the witnesses of a ceremony", () => {
  test("are as many different persons as the rule asks, or more", () => {
    expect(() => {
      requireWitnesses(["Ada Byron", "Alan Mathison"], 2);
      requireWitnesses(["Ada Byron", "Alan Mathison", "Grace Murray"], 2);
    }).not.toThrow();
  });
  test.each([
    [["Ada Byron"]],
    [[]],
    [["Ada Byron", "Ada Byron"]],
    [["Ada Byron", "  ada   byron "]],
    [["Ada Byron", "ADA BYRON", "Alan Mathison"]],
    [["Ada Byron", ""]],
    [["Ada Byron", "Alan Mathison", " "]],
  ])("are not %j", (witnesses) => {
    expect(() => {
      requireWitnesses(witnesses, 2);
    }).toThrow(refusal);
  });
});

test.each([
  "Ada\nstep 9: all is well",
  "Ada\u0007",
  "Ada\u2028Byron",
  "Ada\u202eByron",
  "\ud800",
  "A".repeat(201),
])("a witness's name that cannot stand on one line of the record is refused: %j", (name) => {
  expect(() => {
    requireWitnesses([name, "Alan Mathison"], 2);
  }).toThrow(expect.objectContaining({ code: "WITNESS_NAME_INVALID" }) as Error);
});

describe("the record of a ceremony", () => {
  const request = {
    purpose: "found the key hierarchies",
    witnesses: ["Ada Byron", "Alan Mathison"],
    sampleWitnesses: false,
    environment: "test",
    software: "OpenSMKI 1",
  } as const;

  test("gives each step its number and its time, and says it aloud", () => {
    let now = new Date("2026-06-01T12:00:00Z");
    const said: string[] = [];
    const transcript = new Transcript(
      request,
      () => now,
      (step) => said.push(step),
    );
    transcript.step("root-oca key made");
    now = new Date("2026-06-01T12:00:07Z");
    transcript.state("ledger after: nothing");
    transcript.step("root-oca certified");
    expect(transcript.text).toBe(
      [
        "OpenSMKI ceremony record",
        "environment: test",
        "purpose: found the key hierarchies",
        "begun: 2026-06-01T12:00:00.000Z",
        "software: OpenSMKI 1",
        "witness: Ada Byron",
        "witness: Alan Mathison",
        "step 1, 2026-06-01T12:00:00.000Z: root-oca key made",
        "ledger after: nothing",
        "step 2, 2026-06-01T12:00:07.000Z: root-oca certified",
        "",
      ].join("\n"),
    );
    expect(said).toEqual(["root-oca key made", "root-oca certified"]);
  });
  test("says on its face when its witnesses are made up", () => {
    const { text } = new Transcript({ ...request, sampleWitnesses: true }, () => new Date(0));
    expect(text).toContain("witness: Ada Byron (sample, no real person)\n");
  });
});

test("a fingerprint is a SHA-256 in groups that people read to each other", () => {
  // FIPS 180-2, example B.1: the digest of "abc".
  expect(fingerprint(Buffer.from("abc"))).toBe(
    "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad",
  );
});
