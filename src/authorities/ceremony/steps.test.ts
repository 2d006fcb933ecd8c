import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ceremonyPurposes } from "./ceremony-order.ts";
import { ceremonySteps } from "./ceremony-room.ts";

const manual = readFileSync(join(import.meta.dirname, "../../../docs/ceremonies.md"), "utf8");

test("the manual says of each point what a crash there leaves, in their order", () => {
  const named = [...manual.matchAll(/^\| `([a-z ]+)` \| /gm)].map(([, name]) => name);
  expect(named).toEqual(ceremonySteps);
});

test("the manual has every purpose", () => {
  const named = [...manual.matchAll(/^\| (\w+) \| `smki ceremony/gm)].map(([, name]) => name);
  expect(named).toEqual(ceremonyPurposes);
});
