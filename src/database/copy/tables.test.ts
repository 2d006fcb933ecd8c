import { expect, test } from "vitest";
import { inOrder } from "./tables.ts";

const table = (name: string) => ({ name, columns: [] });
const names = (tables: readonly { readonly name: string }[]) => tables.map(({ name }) => name);

test("A table comes after those that it refers to, whatever their names", () => {
  const tables = ["certificate", "ceremony", "authority", "revocation"].map(table);
  const references = [
    { table: "certificate", references: "authority" },
    { table: "authority", references: "ceremony" },
    { table: "revocation", references: "certificate" },
    { table: "revocation", references: "authority" },
  ];
  expect(names(inOrder(tables, references))).toEqual(["ceremony", "authority", "certificate", "revocation"]);
});

test("A circle keeps no table out", () => {
  const references = [
    { table: "a", references: "b" },
    { table: "b", references: "a" },
  ];
  expect(names(inOrder(["a", "b", "c"].map(table), references))).toEqual(["c", "a", "b"]);
});
