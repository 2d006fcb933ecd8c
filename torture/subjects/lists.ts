import { type ListStep, listSteps } from "../../src/authorities/revocation/publish-list.ts";
import type { Side } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";
import { foundWorkingSite } from "../working-site.ts";

const sides: Record<ListStep, Side> = {
  collected: "between",
  built: "between",
  signed: "between",
  publishing: "before",
  published: "after",
};

/** The making of a CRL. */
export const lists = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "lists",
  points: pointsOf(listSteps, sides),
  weapons: ["process", "server", "machine"],
  found: () => foundWorkingSite(server, nextName(), "lists"),
});
