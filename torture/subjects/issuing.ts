import { type IssuingStep, issuingSteps } from "../../src/authorities/issuing/issue.ts";
import type { Side } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";
import { foundWorkingSite } from "../working-site.ts";

const sides: Record<IssuingStep, Side> = {
  intend: "between",
  recording: "before",
  record: "after",
  sign: "between",
  compare: "between",
  publishing: "before",
  publish: "after",
};

/** The five steps of issuing (docs/issuance.md). */
export const issuing = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "issuing",
  points: pointsOf(issuingSteps, sides),
  weapons: ["process", "server", "machine"],
  found: () => foundWorkingSite(server, nextName(), "issuing"),
});
