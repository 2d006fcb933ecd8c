import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startVictim, type Victim, within } from "./child.ts";
import { putLoadOn } from "./load.ts";
import type { Blow, Loop, WorkerTask } from "./processes/worker-task.ts";
import type { Random } from "./random.ts";
import { endOfQueue } from "./recover.ts";
import { killServer, type TortureServer } from "./server.ts";
import { anyMoment, type Strike } from "./strike.ts";
import type { Site } from "./subject.ts";
import {
  certificatesOfOneAuthority,
  foundWorkingEstate,
  recoverAndCheck,
  type WorkingEstate,
} from "./working-estate.ts";

const patienceMilliseconds = 180_000;

/** A site on which a whole worker is at work; `loop` says which of its loops has the steps that are struck at. */
export async function foundWorkingSite(server: TortureServer, name: string, loop: Loop): Promise<Site> {
  const context = await foundWorkingEstate(server, name);
  return {
    kill: (strike, random) => killOnce(context, loop, strike, random),
    close: () => context.estate.end(),
  };
}

async function killOnce(context: WorkingEstate, loop: Loop, strike: Strike, random: Random): Promise<void> {
  const { estate, outside } = context;
  const isExact = strike.point !== anyMoment;
  const victim = startVictim(
    "worker-process.ts",
    taskOf(context, isExact ? blowOf(context, loop, strike) : undefined),
  );
  const calm = new AbortController();
  const load = putLoadOn(estate, outside, random, calm.signal);
  // Heard below; until then it must not end the process.
  load.catch(() => undefined);
  try {
    await within(patienceMilliseconds, "the worker", victim.atWork);
    await Promise.race([strikeAndRestart(context, victim, strike), load.then(() => undefined)]);
    calm.abort();
    await load;
    if (strike.weapon === "server") await endSurvivor(context, victim);
  } finally {
    calm.abort();
    victim.process.kill("SIGKILL");
    await victim.ended;
  }
  await recoverAndCheck(context);
}

/** Waits for the blow, or gives it; whatever server was killed runs again afterwards. */
async function strikeAndRestart({ server }: WorkingEstate, victim: Victim, strike: Strike): Promise<void> {
  const { point, weapon, delayMilliseconds } = strike;
  if (point === anyMoment) {
    await sleep(delayMilliseconds);
    if (weapon !== "server") victim.process.kill("SIGKILL");
    if (weapon !== "process") killServer(server.pid());
  }
  // A worker that ends of anything else comes to no step, and says why.
  const died = victim.ended.then(({ how, errors }) => {
    if (how !== "SIGKILL" || weapon === "server")
      throw new Error(`the worker ended by itself (${how}): ${errors}`);
  });
  const struck = {
    process: () => died,
    server: () => Promise.race([server.restart(), died]),
    machine: () => Promise.all([server.restart(), died]),
  };
  await within<unknown>(patienceMilliseconds, `the step ${point.step}`, struck[weapon]());
}

/** A worker whose server was killed and came back does all that is left by itself. */
async function endSurvivor({ estate }: WorkingEstate, victim: Victim): Promise<void> {
  const died = victim.ended.then(({ how, errors }) => {
    throw new Error(`the worker did not outlive its server (${how}): ${errors}`);
  });
  died.catch(() => undefined);
  await endOfQueue(estate, died);
}

const blowOf = ({ server }: WorkingEstate, loop: Loop, { point, pass, weapon }: Strike): Blow => ({
  loop,
  step: point.step,
  pass,
  weapon,
  serverPid: server.pid(),
});

function taskOf({ estate }: WorkingEstate, blow: Blow | undefined): WorkerTask {
  return {
    connectionString: estate.connectionString,
    store: estate.operationalStore,
    origin: estate.ledger.verifier.name,
    checkpointFile: join(estate.folder, "last-checkpoint"),
    certificatesOfOneAuthority,
    ...(blow === undefined ? {} : { blow }),
  };
}
