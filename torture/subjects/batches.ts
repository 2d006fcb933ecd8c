import { type ParsingStep, parsingSteps } from "../../src/issuance/parse-batch.ts";
import type { Side } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";
import { foundWorkingSite } from "../working-site.ts";

const sides: Record<ParsingStep, Side> = {
  hashed: "between",
  releasing: "before",
  released: "after",
};

/** The check of what was uploaded of a Batched CSR (docs/issuance.md). */
export const batches = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "batches",
  points: pointsOf(parsingSteps, sides),
  weapons: ["process", "server", "machine"],
  found: () => foundWorkingSite(server, nextName(), "batches"),
});
