// Run as a process of its own by the tests: holds, resumes or abandons a ceremony, and kills itself at a named point,
// as a power cut would. What it gives is the signed record.
import { flushCompileCache } from "node:module";
import { connect } from "../../../database/connect.ts";
import { openSigner } from "../../../keys/open.ts";
import { openCheckpointSigner } from "../../../ledger/checkpoint-signer.ts";
import { signNote } from "../../../ledger/note.ts";
import { sequenceOnce } from "../../../ledger/sequencer.ts";
import type { CeremonyRoom } from "../ceremony-room.ts";
import { sampleSitting } from "../estate.testkit.ts";
import { ledgerKeyLabel } from "../hierarchy.ts";
import { holdCeremony } from "../hold.ts";
import { purposes } from "../purposes.ts";
import { abandonCeremony, resumeCeremony } from "../resume.ts";
import { hierarchyTerms, rules } from "../terms.testkit.ts";
import type { CeremonyTask } from "./ceremony-task.ts";

// A process that is killed would keep nothing of it.
flushCompileCache();
const task = JSON.parse(process.argv[2] ?? "") as CeremonyTask;
const { connectionString, killAt, work, now } = task;
const clock = () => (now === undefined ? new Date() : new Date(now));
const database = connect({ connectionString }, { applicationName: "ceremony-process", poolSize: 2 });
const ceremonySigner = await openSigner(task.ceremonyStore);
const operationalSigner = await openSigner(task.operationalStore);
const ledger = await openCheckpointSigner({
  signer: operationalSigner,
  keyLabel: ledgerKeyLabel,
  origin: task.origin,
  storePath: task.checkpointStore,
});

let times = 0;
const room: CeremonyRoom = {
  database,
  ceremonySigner,
  operationalSigner,
  clock,
  terms: hierarchyTerms(task.stockSize),
  witnessesNeeded: rules.ceremonyWitnesses.value,
  checkpoint: async () => {
    const round = await sequenceOnce({ database, signer: ledger, clock });
    return (round?.checkpoint ?? (await ledger.lastCheckpoint())).note;
  },
  signRecord: (text) =>
    signNote(text, ledger.verifier, (message) => operationalSigner.sign(ledgerKeyLabel, message)),
  afterStep: (step, journaled) => {
    if (killAt?.step !== step) return;
    if (killAt.journaled !== undefined && killAt.journaled !== journaled) return;
    times += 1;
    if (times === (killAt.occurrence ?? 1)) process.kill(process.pid, "SIGKILL");
  },
};

const hold = () => {
  if (work === "resume") return resumeCeremony(room, sampleSitting);
  if (work === "abandon") return abandonCeremony(room, sampleSitting);
  return holdCeremony(room, purposes[work.purpose], work, sampleSitting);
};
process.stdout.write((await hold()).note);
await ceremonySigner.close();
await operationalSigner.close();
await database.close();
