import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { operatorAtMachine } from "./operator.ts";

test("The operator is the user that the process runs as, whatever a variable says", () => {
  const before = process.env["SUDO_USER"];
  process.env["SUDO_USER"] = "somebody-else";
  expect(operatorAtMachine().name).toBe(`operator:${userInfo().username} (SUDO_USER: somebody-else)`);
  delete process.env["SUDO_USER"];
  expect(operatorAtMachine().name).toBe(`operator:${userInfo().username}`);
  if (before !== undefined) process.env["SUDO_USER"] = before;
});

test.each([
  ["the user itself", "root"],
  ["an empty text", ""],
  ["a line of its own", "ada\noperator:ada"],
  ["what looks like a user", "root (SUDO_USER: ada)"],
  ["a text of any length", "a".repeat(65)],
])("A claim that says %s is left out", (_, claimed) => {
  expect(operatorAtMachine("root", claimed).name).toBe("operator:root");
});

test("Whom sudo acts for stands beside the user", () => {
  expect(operatorAtMachine("root", "ada").name).toBe("operator:root (SUDO_USER: ada)");
});
