import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deviceCap } from "../src/authorities/ceremony/terms.testkit.ts";
import type { IssuingAuthority } from "../src/authorities/issuing/issue.ts";
import { type IssuingEstate, issuingEstate } from "../src/issuance/issuance.testkit.ts";
import { checkEverything } from "./check.ts";
import { startVictim, type Victim, within } from "./child.ts";
import { look, putLoadOn } from "./load.ts";
import { Outside } from "./outside.ts";
import type { Blow, Loop, WorkerTask } from "./processes/worker-task.ts";
import type { Random } from "./random.ts";
import { recover, untilQueueIsEmpty } from "./recover.ts";
import { killServer, type TortureServer } from "./server.ts";
import { anyMoment, type Strike } from "./strike.ts";
import type { Site } from "./subject.ts";

/** Small, so that Issuing DCAs hand over to each other while they are killed. */
const certificatesOfOneAuthority = 120;
const issuingDcas = 8;
const patienceMilliseconds = 60_000;

/** A site on which a whole worker is at work; `loop` says which of its loops has the steps that are struck at. */
export async function foundWorkingSite(server: TortureServer, name: string, loop: Loop): Promise<Site> {
  const connectionString = await server.newDatabase(name);
  const estate = await issuingEstate({
    at: new Date(),
    connectionString,
    stockSize: issuingDcas,
    released: issuingDcas,
  });
  const outside = new Outside();
  const authority = estate.issuing({
    clock: () => new Date(),
    deviceCap: { ...deviceCap, maximumCertificates: certificatesOfOneAuthority },
  });
  const context = { server, estate, outside, authority };
  return {
    kill: (strike, random) => killOnce(context, loop, strike, random),
    close: () => estate.end(),
  };
}

interface Context {
  readonly server: TortureServer;
  readonly estate: IssuingEstate;
  readonly outside: Outside;
  readonly authority: IssuingAuthority;
}

async function killOnce(context: Context, loop: Loop, strike: Strike, random: Random): Promise<void> {
  const { estate, outside, authority } = context;
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
  await recover(authority, estate.ledger);
  await look(estate, outside);
  await checkEverything(estate, outside, certificatesOfOneAuthority);
}

/** Waits for the blow, or gives it; whatever server was killed runs again afterwards. */
async function strikeAndRestart({ server }: Context, victim: Victim, strike: Strike): Promise<void> {
  const { point, weapon, delayMilliseconds } = strike;
  if (point === anyMoment) {
    await sleep(delayMilliseconds);
    if (weapon !== "server") victim.process.kill("SIGKILL");
    if (weapon !== "process") killServer(server.pid());
  }
  if (weapon !== "process") await within(patienceMilliseconds, `the step ${point.step}`, server.restart());
  if (weapon === "server") return;
  const { how, errors } = await within(patienceMilliseconds, `the step ${point.step}`, victim.ended);
  if (how !== "SIGKILL") throw new Error(`the worker ended by itself (${how}): ${errors}`);
}

/** A worker whose server was killed and came back does all that is left by itself. */
async function endSurvivor({ estate }: Context, victim: Victim): Promise<void> {
  const died = victim.ended.then(({ how, errors }) => {
    throw new Error(`the worker did not outlive its server (${how}): ${errors}`);
  });
  died.catch(() => undefined);
  await within(patienceMilliseconds, "the end of the queue", Promise.race([untilQueueIsEmpty(estate), died]));
}

const blowOf = ({ server }: Context, loop: Loop, { point, pass, weapon }: Strike): Blow => ({
  loop,
  step: point.step,
  pass,
  weapon,
  serverPid: server.pid(),
});

function taskOf({ estate }: Context, blow: Blow | undefined): WorkerTask {
  return {
    connectionString: estate.connectionString,
    store: estate.operationalStore,
    origin: estate.ledger.verifier.name,
    checkpointFile: join(estate.folder, "last-checkpoint"),
    certificatesOfOneAuthority,
    ...(blow === undefined ? {} : { blow }),
  };
}
