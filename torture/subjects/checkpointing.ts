import { type SequencerStep, sequencerSteps } from "../../src/ledger/sequence.ts";
import type { Side } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";
import { foundWorkingSite } from "../working-site.ts";

const sides: Record<SequencerStep, Side> = {
  taken: "between",
  extended: "before",
  committed: "after",
  signed: "before",
  stored: "after",
  publishing: "before",
  published: "after",
};

/** A round of the ledger's sequencer. Two commits are the database's, the one between them is that of the signer's file. */
export const checkpointing = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "checkpointing",
  points: pointsOf(sequencerSteps, sides),
  weapons: ["process", "server", "machine"],
  found: () => foundWorkingSite(server, nextName(), "sequencing"),
});
