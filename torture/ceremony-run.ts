import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestEstate } from "../src/authorities/ceremony/estate.testkit.ts";
import type { CeremonyTask, KillPoint } from "../src/authorities/ceremony/testkit/ceremony-task.ts";
import { startVictim } from "./child.ts";

/** An estate with the size of the stock that its hierarchy was founded for. */
export interface CeremonyEstate {
  readonly estate: TestEstate;
  readonly stockSize: number;
}

const program = join(import.meta.dirname, "../src/authorities/ceremony/testkit/ceremony-process.ts");

/** Holds, resumes or abandons a ceremony in a process of its own, to its end or to the point where it kills itself. */
export function runCeremony(
  on: CeremonyEstate,
  work: CeremonyTask["work"],
  killAt?: KillPoint,
): Promise<{ readonly how: string; readonly errors: string }> {
  return start(on, work, killAt).ended;
}

/** The same, killed so long after its start; one that was too quick for that comes to its end. */
export async function runCeremonyFor(
  on: CeremonyEstate,
  work: CeremonyTask["work"],
  milliseconds: number,
): Promise<{ readonly how: string; readonly errors: string }> {
  const victim = start(on, work);
  await Promise.race([sleep(milliseconds), victim.ended]);
  victim.process.kill("SIGKILL");
  return victim.ended;
}

function start({ estate, stockSize }: CeremonyEstate, work: CeremonyTask["work"], killAt?: KillPoint) {
  const task: CeremonyTask = {
    connectionString: estate.connectionString,
    ceremonyStore: estate.ceremonyStore,
    operationalStore: estate.operationalStore,
    origin: estate.ledger.verifier.name,
    checkpointStore: join(estate.folder, "last-checkpoint"),
    stockSize,
    work,
    ...(killAt === undefined ? {} : { killAt }),
  };
  return startVictim(program, task);
}
