import { deviceCap } from "../src/authorities/ceremony/terms.testkit.ts";
import type { IssuingAuthority } from "../src/authorities/issuing/issue.ts";
import { type IssuingEstate, issuingEstate } from "../src/issuance/issuance.testkit.ts";
import { runIssuance } from "../src/issuance/run-issuance.ts";
import { checkEverything } from "./check.ts";
import { look, putLoadOn } from "./load.ts";
import { Outside } from "./outside.ts";
import type { Random } from "./random.ts";
import { recover } from "./recover.ts";
import type { TortureServer } from "./server.ts";

/** Small, so that Issuing DCAs hand over to each other while they are killed. */
export const certificatesOfOneAuthority = 400;
export const issuingDcas = 8;
/** Kept free: a batch that is sent again needs room until it is seen that its keys are certified. */
const spareRoom = 50;

/** An estate with Parties and credentials that is in use, and what those outside know of it. */
export interface WorkingEstate {
  readonly server: TortureServer;
  readonly estate: IssuingEstate;
  readonly outside: Outside;
  /** For a worker in this process. */
  readonly authority: IssuingAuthority;
}

/** Founds one in a database of its own. */
export async function foundWorkingEstate(server: TortureServer, name: string): Promise<WorkingEstate> {
  const estate = await issuingEstate({
    at: new Date(),
    connectionString: await server.newDatabase(name),
    stockSize: issuingDcas,
    released: issuingDcas,
  });
  const authority = estate.issuing({
    clock: () => new Date(),
    deviceCap: { ...deviceCap, maximumCertificates: certificatesOfOneAuthority },
  });
  return {
    server,
    estate,
    outside: new Outside(certificatesOfOneAuthority * issuingDcas - spareRoom),
    authority,
  };
}

/** Does something while clients and a worker are busy with the same estate. */
export async function underLoad<Result>(
  { estate, outside, authority }: WorkingEstate,
  random: Random,
  work: () => Promise<Result>,
): Promise<Result> {
  const calm = new AbortController();
  const busy = Promise.all([
    putLoadOn(estate, outside, random, calm.signal),
    runIssuance(authority, calm.signal, {}),
  ]);
  // Heard below.
  busy.catch(() => undefined);
  try {
    return await work();
  } finally {
    calm.abort();
    await busy;
  }
}

/** Lets the work be done to its end by the path of every day, and checks everything. @throws what does not hold */
export async function recoverAndCheck({ estate, outside, authority }: WorkingEstate): Promise<void> {
  await recover(authority, estate.ledger);
  await look(estate, outside);
  await checkEverything(estate, outside, certificatesOfOneAuthority);
}
