import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyStore } from "../../keys/open.ts";
import type { SignerSettings } from "../../keys/settings.ts";
import { initialiseToken, makeToken, softHsmModule } from "../../keys/testkit/softhsm-store.ts";
import { openNote } from "../../ledger/note.ts";
import { type CeremonyAccount, listCeremonies, readCeremony } from "./account.ts";
import { ceremonySteps } from "./ceremony-room.ts";
import { emptyEstate, sampleSitting, seconds, type TestEstate } from "./estate.testkit.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { abandonCeremony, resumeCeremony } from "./resume.ts";
import type { KillPoint } from "./testkit/ceremony-task.ts";
import { expectKeysOfAuthorities, labelsOf } from "./testkit/expected-keys.ts";

/** Points up to the transaction, in their order; those of a step at one in the middle. */
const beforeItIsHeld: readonly KillPoint[] = [
  { step: "begun" },
  { step: "doing", journaled: "make key contingency" },
  { step: "journaling", journaled: "make secret contingency-symmetric-key" },
  { step: "journaling", journaled: "wrap contingency public key" },
  { step: "journaling", journaled: "make key root-oca" },
  { step: "journaled", journaled: "intend root-oca" },
  { step: "journaling", journaled: "certify root-oca" },
  { step: "journaled", journaled: "certify issuing-oca" },
  { step: "journaling", journaled: "make key issuing-dca/0001" },
  { step: "writing" },
  { step: "lodging" },
];

/** Points of a founding, and of the sittings that go on with it. */
const ofFoundingAndResuming: readonly KillPoint[] = [
  { step: "beginning" },
  { step: "begun" },
  { step: "resuming" },
  { step: "resumed" },
  ...beforeItIsHeld.slice(1),
  { step: "held" },
  { step: "signing record" },
  { step: "recording" },
  { step: "recorded" },
];

const ofAbandoning: readonly KillPoint[] = [
  { step: "abandoning" },
  { step: "abandoned" },
  { step: "journaling", journaled: "look for keys to destroy" },
  { step: "doing", journaled: "destroy ceremony key contingency" },
  { step: "journaling", journaled: "destroy ceremony key root-oca" },
];

interface Stores {
  readonly ceremonyStore?: SignerSettings;
  readonly operationalStore?: SignerSettings;
}

/** With a token: between what is done in it and its entry, and the transaction that signs lists with it. */
const inTheToken = ({ step }: KillPoint) => step === "journaling" || step === "lodging";

const named = (points: readonly KillPoint[]) =>
  points.map((point) => {
    const { step, journaled } = point;
    return { name: journaled === undefined ? step : `${step}: ${journaled}`, point };
  });

describe.each([
  { kind: "encrypted files", stores: (): Promise<Stores> => Promise.resolve({}), use: () => true },
  { kind: "SoftHSM2 [needs softhsm2]", stores: makeTokens, use: inTheToken },
])("a founding with keys in $kind", ({ kind, stores, use }) => {
  describe.skipIf(kind.startsWith("SoftHSM2") && softHsmModule === undefined)("in one estate", () => {
    let estate: TestEstate;
    /** The ceremony that is under way, or was last. */
    let id = 0;
    beforeAll(async () => {
      estate = await emptyEstate({ stockSize: 1, ...(await stores()) });
    });
    afterAll(() => estate.end());

    const account = () => estate.database.read((tx) => readCeremony(tx, id));
    const killedAt = async (work: Parameters<TestEstate["inProcess"]>[0], point: KillPoint) => {
      estate.clock.advance(60 * seconds);
      const { signal, errors } = await estate.inProcess(work, point);
      expect(signal, errors).toBe("SIGKILL");
      id = (await estate.database.read((tx) => listCeremonies(tx))).at(-1)?.id ?? 0;
    };
    /** No CA, no key that a ceremony made, and each that it had made is told of in its record. */
    const expectNothingUsable = async (note: string) => {
      expect(await estate.authorities()).toEqual([]);
      expect(await labelsOf(estate)).toEqual(["ledger"]);
      const text = openNote(note, [estate.ledger.verifier]);
      expect(text).toContain("outcome: abandoned");
      for (const label of keysMade(await account())) expect(text).toContain(`key ${label} destroyed in the`);
      expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
    };

    test.each(named(beforeItIsHeld.filter(use)))(
      "that was killed at $name is abandoned with nothing left usable",
      async ({ point }) => {
        await killedAt({ purpose: "found" }, point);
        expect(await estate.authorities()).toEqual([]);
        await expectNothingUsable((await abandonCeremony(estate.room(), sampleSitting)).note);
      },
    );

    test.each(named(ofAbandoning.filter(use)))(
      "whose abandonment was killed at $name is abandoned to its end, resumed or abandoned again",
      async ({ point }) => {
        const afterStep = (_: string, journaled?: string) => {
          if (journaled === "certify issuing-oca") throw new Error("the lights went out");
        };
        await expect(foundHierarchy(estate.room({ afterStep }), sampleSitting)).rejects.toThrow("lights");
        await killedAt("abandon", point);
        // What is decided is decided: both go on destroying. Before that, resuming would found.
        const again = point.step === "journaling" ? resumeCeremony : abandonCeremony;
        await expectNothingUsable((await again(estate.room(), sampleSitting)).note);
        const abandoned = await estate.actsOf("ceremony.abandoned");
        expect(abandoned.filter(({ subject }) => subject["ceremony"] === id)).toHaveLength(1);
      },
    );

    describe("that is killed at one point after the other, and resumed each time,", () => {
      let isBegun = false;
      const points = ofFoundingAndResuming.filter(use);
      test.each(named(points))("at $name, makes one hierarchy or none", async ({ point }) => {
        await killedAt(isBegun ? "resume" : { purpose: "found" }, point);
        isBegun ||= point.step !== "beginning";
        if (!hasLodged(point)) {
          expect(await estate.authorities()).toEqual([]);
          return;
        }
        await expectKeysOfAuthorities(estate);
        await expect(abandonCeremony(estate.room(), sampleSitting)).rejects.toMatchObject({
          code: point.step === "recorded" ? "CEREMONY_NONE_UNFINISHED" : "CEREMONY_HELD_ALREADY",
        });
      });

      test("comes to one whole hierarchy and one record that tells of every sitting", async () => {
        if ((await account()).state !== "recorded") await resumeCeremony(estate.room(), sampleSitting);
        await expect(resumeCeremony(estate.room(), sampleSitting)).rejects.toMatchObject({
          code: "CEREMONY_NONE_UNFINISHED",
        });
        expect((await estate.authorities()).map(({ id: authority }) => authority)).toEqual([
          "iki-issuing",
          "iki-root",
          "issuing-dca/0001",
          "issuing-oca",
          "root-dca",
          "root-oca",
        ]);
        await expectKeysOfAuthorities(estate);
        const { record = "", sittings, state } = await account();
        expect(state).toBe("recorded");
        const text = openNote(record, [estate.ledger.verifier]);
        // Each but those that were killed before the sitting was committed, and the first.
        const resumed = points.filter(
          ({ step }) => !["beginning", "resuming", "begun"].includes(step),
        ).length;
        const last = points.at(-1)?.step === "recorded" ? 0 : 1;
        expect(sittings.length).toBeGreaterThanOrEqual(resumed + last);
        expect(text.match(/^interrupted; resumed: /gm)).toHaveLength(sittings.length - 1);
        expect(text.match(/^witness: Ada Byron/gm)).toHaveLength(sittings.length);
        expect(await estate.actsOf("ceremony.held")).toHaveLength(1);
        const recorded = await estate.actsOf("ceremony.recorded");
        expect(recorded.filter(({ subject }) => subject["ceremony"] === id)).toHaveLength(1);
        expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
      });
    });
  });
});

test("every point is one that these tests kill at", () => {
  const points = [...ofFoundingAndResuming, ...ofAbandoning].map(({ step }) => step);
  expect([...new Set(points)].toSorted()).toEqual([...ceremonySteps].toSorted());
});

const hasLodged = ({ step }: KillPoint) =>
  step === "held" || step === "signing record" || step === "recording" || step === "recorded";

const keysMade = ({ steps }: CeremonyAccount): string[] =>
  steps.flatMap(({ name }) => /^make (?:key|secret) (.*)/.exec(name)?.[1] ?? []);

async function makeTokens(): Promise<Stores> {
  const { settings } = await makeToken();
  await initialiseToken("smki-ceremony");
  const ceremonyStore = { ...settings, tokenLabel: "smki-ceremony", purpose: "ceremony" } as const;
  await createKeyStore(settings);
  await createKeyStore(ceremonyStore);
  return { ceremonyStore, operationalStore: settings };
}
