import { describe, expect, test } from "vitest";
import { nameAndRole, requireWitnesses } from "./sitting.ts";

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
    [["Ada Byron (auditor)", "Ada Byron (custodian of the token)"]],
    [["Zo\u00eb", "Zoe\u0308"]],
    [["Ada Byron", ""]],
    [["Ada Byron", "Alan Mathison", " "]],
  ])("are not %j", (witnesses) => {
    expect(() => {
      requireWitnesses(witnesses, 2);
    }).toThrow(refusal);
  });
});

test.each([
  ["Ada Byron (internal auditor)", { name: "Ada Byron", role: "internal auditor" }],
  ["  Ada Byron  ( auditor ) ", { name: "Ada Byron", role: "auditor" }],
  ["Ada Byron", { name: "Ada Byron", role: "" }],
  ["(auditor)", { name: "(auditor)", role: "" }],
  ["Ada (Augusta) Byron", { name: "Ada (Augusta) Byron", role: "" }],
])("%j is taken apart into name and role", (witness, parts) => {
  expect(nameAndRole(witness)).toEqual(parts);
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
