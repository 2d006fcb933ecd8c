import type { CeremonyOrder } from "../../src/authorities/ceremony/ceremony-order.ts";
import { type CeremonyStep, ceremonySteps } from "../../src/authorities/ceremony/ceremony-room.ts";
import { emptyEstate } from "../../src/authorities/ceremony/estate.testkit.ts";
import type { CeremonyTask, KillPoint } from "../../src/authorities/ceremony/testkit/ceremony-task.ts";
import { checkCeremonies, finishCeremony } from "../ceremony-check.ts";
import { type CeremonyEstate, runCeremony, runCeremonyFor } from "../ceremony-run.ts";
import type { Random } from "../random.ts";
import { anyMoment, type Side, type Strike } from "../strike.ts";
import { pointsOf, type Subject, type SubjectPlace } from "../subject.ts";
import {
  foundWorkingEstate,
  issuingDcas,
  recoverAndCheck,
  underLoad,
  type WorkingEstate,
} from "../working-estate.ts";

const sides: Record<CeremonyStep, Side> = {
  beginning: "before",
  begun: "after",
  doing: "between",
  journaling: "before",
  journaled: "after",
  writing: "between",
  lodging: "before",
  held: "after",
  "signing record": "between",
  recording: "before",
  recorded: "after",
  resuming: "before",
  resumed: "after",
  abandoning: "before",
  abandoned: "after",
};

const ofTheJournal: readonly string[] = ["doing", "journaling", "journaled"];
const ofASecondSitting = {
  resuming: "resume",
  resumed: "resume",
  abandoning: "abandon",
  abandoned: "abandon",
} as const;
/** Steps that even the smallest ceremony has. */
const fewestSteps = { found: 20, stock: 3, arl: 1 } as const;
type Purpose = keyof typeof fewestSteps;

/** Ceremonies: foundings in an empty estate, and stock and ARLs in one that issues meanwhile. */
export const ceremony = ({ server, nextName }: SubjectPlace): Subject => ({
  name: "ceremony",
  points: pointsOf(ceremonySteps, sides),
  weapons: ["process"],
  found: async () => {
    const name = nextName();
    const context = await foundWorkingEstate(server, name);
    let foundings = 0;
    const founding = async (strike: Strike, random: Random) => {
      foundings += 1;
      const connectionString = await server.newDatabase(`${name}_founding_${String(foundings)}`);
      const estate = await emptyEstate({ at: new Date(), connectionString, stockSize: 1 });
      try {
        await interrupt({ estate, stockSize: 1 }, "found", strike, random);
        await finishCeremony({ estate, stockSize: 1 }, random);
        await checkCeremonies(estate);
      } finally {
        await estate.end();
      }
    };
    return {
      kill: (strike, random) => (random.oneIn(3) ? founding(strike, random) : inUse(context, strike, random)),
      close: () => context.estate.end(),
    };
  },
});

async function inUse(context: WorkingEstate, strike: Strike, random: Random): Promise<void> {
  const { estate } = context;
  // The ARLs of a root have few steps of a journal.
  const purpose = ofTheJournal.includes(strike.point.step) ? "stock" : random.pick(["stock", "arl"] as const);
  const on = { estate, stockSize: issuingDcas };
  await underLoad(context, random, async () => {
    await interrupt(on, purpose, strike, random);
    await finishCeremony(on, random);
  });
  await checkCeremonies(estate);
  await recoverAndCheck(context);
}

/** Holds a ceremony in a process of its own and kills it at the point. */
async function interrupt(
  on: CeremonyEstate,
  purpose: Purpose,
  strike: Strike,
  random: Random,
): Promise<void> {
  const order: CeremonyOrder = purpose === "stock" ? { purpose, count: 1 } : { purpose };
  const { step } = strike.point;
  const again = Object.hasOwn(ofASecondSitting, step)
    ? ofASecondSitting[step as keyof typeof ofASecondSitting]
    : undefined;
  const occurrence = random.between(1, fewestSteps[purpose]);
  if (again !== undefined) {
    await killed(on, order, {
      step: purpose === "arl" ? "begun" : "journaled",
      ...(purpose === "arl" ? {} : { occurrence }),
    });
    await killed(on, again, { step: step as CeremonyStep });
  } else if (strike.point === anyMoment) await killedAfter(on, order, strike.delayMilliseconds);
  else
    await killed(on, order, {
      step: step as CeremonyStep,
      ...(ofTheJournal.includes(step) ? { occurrence } : {}),
    });
}

async function killed(on: CeremonyEstate, work: CeremonyTask["work"], point: KillPoint): Promise<void> {
  const { how, errors } = await runCeremony(on, work, point);
  if (how !== "SIGKILL")
    throw new Error(`the ceremony ended by itself (${how}) before ${JSON.stringify(point)}: ${errors}`);
}

async function killedAfter(on: CeremonyEstate, order: CeremonyOrder, milliseconds: number): Promise<void> {
  const { how, errors } = await runCeremonyFor(on, order, milliseconds);
  if (how !== "SIGKILL" && how !== "0") throw new Error(`the ceremony failed (${how}): ${errors}`);
}
