import { expect, test } from "vitest";
import { csrOctetLimit } from "../certificates/index.ts";
import { editions, rulebookFor } from "./index.ts";

test("the CSR parser, which can be used without a rulebook, refuses above the size that the rulebook names", () => {
  for (const edition of editions) expect(rulebookFor(edition).csrMaximumOctets.value).toBe(csrOctetLimit);
});
