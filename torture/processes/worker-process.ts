// A worker as `smki work` runs it, with all its loops, that kills itself, its database or both at a given step.
import { flushCompileCache } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { listAuthorities } from "../../src/authorities/authorities.ts";
import { crlProfiles } from "../../src/authorities/authority.ts";
import { ledgerKeyLabel } from "../../src/authorities/ceremony/hierarchy.ts";
import { deviceCap, hierarchyTerms, issuingTerms } from "../../src/authorities/ceremony/terms.testkit.ts";
import { publishDueList } from "../../src/authorities/revocation/publish-list.ts";
import { connect } from "../../src/database/connect.ts";
import { isSmkiError } from "../../src/errors/smki-error.ts";
import { runIssuance } from "../../src/issuance/run-issuance.ts";
import { openSigner } from "../../src/keys/open.ts";
import { openCheckpointSigner } from "../../src/ledger/checkpoint-signer.ts";
import { runSequencer } from "../../src/ledger/sequencer.ts";
import { killServer } from "../server.ts";
import type { Loop, WorkerTask } from "./worker-task.ts";

flushCompileCache();
const task = JSON.parse(process.argv[2] ?? "") as WorkerTask;
const { blow } = task;
const clock = () => new Date();
const stop = new AbortController();
// Nobody is left behind by a loop that was killed itself.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 500).unref();

let passes = 0;
/** Strikes when the step of the loop is reached for the given time. */
const strikeIn = (loop: Loop) => (step: string) => {
  if (blow?.loop !== loop || blow.step !== step) return;
  passes += 1;
  if (passes !== blow.pass) return;
  if (blow.weapon !== "process") killServer(blow.serverPid);
  if (blow.weapon !== "server") process.kill(process.pid, "SIGKILL");
};

/** The database may be away, since it is killed too; nothing else may happen. */
const tolerate = (error: unknown) => {
  const isOutage = isSmkiError(error) && /^(DATABASE_|CHUNK_TAKEN_OVER)/.test(error.code);
  if (!isOutage) throw error;
};

const database = connect(task, { applicationName: "torture worker", poolSize: 4 });
const signer = await openSigner(task.store);
const ledger = await openCheckpointSigner({
  signer,
  keyLabel: ledgerKeyLabel,
  origin: task.origin,
  storePath: task.checkpointFile,
});

async function makeLists(): Promise<void> {
  const afterStep = strikeIn("lists");
  const making = { database, signer, clock, toleranceSeconds: 5, afterStep };
  while (!stop.signal.aborted) {
    try {
      for (const profile of crlProfiles)
        for (const authority of await database.read((tx) => listAuthorities(tx, profile)))
          await publishDueList(making, authority, hierarchyTerms(1).crlOf(profile));
    } catch (error) {
      tolerate(error);
    }
    await sleep(50, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

process.stdin.once("data", () => {
  stop.abort();
});
process.stdout.write("at work\n");
await Promise.all([
  runIssuance(
    {
      database,
      signer,
      clock,
      terms: issuingTerms,
      deviceCap: { ...deviceCap, maximumCertificates: task.certificatesOfOneAuthority },
      clockToleranceSeconds: 5,
      afterStep: strikeIn("issuing"),
    },
    stop.signal,
    { onFailure: tolerate, afterParsingStep: strikeIn("batches") },
  ),
  runSequencer({
    database,
    signer: ledger,
    clock,
    intervalMs: 50,
    abortSignal: stop.signal,
    afterStep: strikeIn("sequencing"),
    onTrouble: tolerate,
  }),
  makeLists(),
]);
process.stdin.destroy();
await database.close();
await signer.close();
