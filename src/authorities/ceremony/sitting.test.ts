import { describe, expect, test } from "vitest";
import { requireWitnesses } from "./sitting.ts";

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
