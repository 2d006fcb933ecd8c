import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKeyStore } from "../../keys/open.ts";
import type { SignerSettings } from "../../keys/settings.ts";
import { initialiseToken, makeToken, softHsmModule } from "../../keys/testkit/softhsm-store.ts";
import { openNote } from "../../ledger/note.ts";
import { listCeremonies, readCeremony } from "./account.ts";
import { type CeremonyStep, ceremonySteps } from "./ceremony-room.ts";
import { emptyEstate, foundedEstate, sampleSitting, seconds, type TestEstate } from "./estate.testkit.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { abandonCeremony, resumeCeremony } from "./resume.ts";
import { extendStock } from "./stock.ts";
import type { KillPoint } from "./testkit/ceremony-task.ts";

/** Points of a founding, in their order; those of a step at one in the middle, and at the last. */
const pointsOfFounding: readonly KillPoint[] = [
  { step: "beginning" },
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
  { step: "held" },
  { step: "signing record" },
  { step: "recording" },
  { step: "recorded" },
];

interface Stores {
  readonly ceremonyStore?: SignerSettings;
  readonly operationalStore?: SignerSettings;
}

const named = ({ step, journaled }: KillPoint) => (journaled === undefined ? step : `${step}: ${journaled}`);

describe.each([
  {
    kind: "encrypted files",
    makeStores: (): Promise<Stores> => Promise.resolve({}),
    present: true,
    points: pointsOfFounding,
  },
  {
    kind: "SoftHSM2 [needs softhsm2]",
    makeStores: makeTokens,
    present: softHsmModule !== undefined,
    // Those between what is done in the token and its entry, and the transaction that signs lists with it.
    points: pointsOfFounding.filter(({ step }) => step === "journaling" || step === "lodging"),
  },
])("a founding with keys in $kind, killed", ({ makeStores, present, points }) => {
  describe.skipIf(!present).each(points.map((point) => ({ name: named(point), point })))(
    "at $name",
    ({ point }) => {
      let estate: TestEstate;
      beforeEach(async () => {
        estate = await emptyEstate({ stockSize: 1, ...(await makeStores()) });
        const { signal, errors } = await estate.inProcess({ purpose: "found" }, point);
        expect(signal, errors).toBe("SIGKILL");
        estate.clock.advance(60 * seconds);
      });
      afterEach(() => estate.end());

      test("is resumed to one whole hierarchy and one record that tells of both sittings", async () => {
        const note = await resumeOrBegin(estate, point.step);
        expect((await estate.authorities()).map(({ id }) => id)).toEqual([
          "iki-issuing",
          "iki-root",
          "issuing-dca/0001",
          "issuing-oca",
          "root-dca",
          "root-oca",
        ]);
        await expectKeysOfAuthorities(estate);
        const text = openNote(note, [estate.ledger.verifier]);
        const isOneSitting = point.step === "beginning" || point.step === "recorded";
        expect(text.match(/^interrupted; resumed: 2026-06-01T12:01/gm) ?? []).toHaveLength(
          isOneSitting ? 0 : 1,
        );
        expect(text.match(/^witness: Ada Byron/gm)).toHaveLength(isOneSitting ? 1 : 2);
        const ceremonies = await estate.database.read((tx) => listCeremonies(tx));
        expect(ceremonies).toMatchObject([{ state: "recorded", record: note }]);
        expect(await estate.actsOf("ceremony.held")).toHaveLength(1);
        expect(await estate.actsOf("ceremony.recorded")).toHaveLength(1);
        expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
      });

      test("is abandoned with nothing left usable, unless it was held", async () => {
        if (hasLodged(point.step)) return expectNotAbandoned(estate, point.step);
        if (point.step === "beginning") return expectNothingThere(estate);
        const { note } = await abandonCeremony(estate.room(), sampleSitting);
        expect(await estate.authorities()).toEqual([]);
        expect(await labels(estate)).toEqual(["ledger"]);
        const text = openNote(note, [estate.ledger.verifier]);
        expect(text).toContain("outcome: abandoned");
        for (const label of await journaledKeys(estate))
          expect(text).toContain(`key ${label} destroyed in the`);
        expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
        // Another may begin, with keys of its own.
        await foundHierarchy(estate.room(), sampleSitting);
        await expectKeysOfAuthorities(estate);
      });
    },
  );
});

test("an abandonment that is killed goes on, resumed or abandoned again, and tells of every key", async () => {
  for (const again of ["resume", "abandon"] as const) {
    const estate = await emptyEstate({ stockSize: 1 });
    await estate.inProcess({ purpose: "found" }, { step: "journaling", journaled: "certify root-dca" });
    const point = { step: "journaling", journaled: "destroy ceremony key root-oca" } as const;
    expect(await estate.inProcess("abandon", point)).toMatchObject({ signal: "SIGKILL" });
    const { note, errors } = await estate.inProcess(again);
    expect(errors).toBe("");
    expect(await labels(estate)).toEqual(["ledger"]);
    const made = ["contingency", "contingency-symmetric-key", "root-oca", "issuing-oca", "root-dca"];
    for (const label of made) expect(note).toContain(`key ${label} destroyed in the`);
    expect(await estate.actsOf("ceremony.abandoned")).toHaveLength(1);
    await estate.end();
  }
});

describe("a ceremony for the stock that was interrupted", () => {
  let estate: TestEstate;
  beforeEach(async () => {
    estate = await foundedEstate({ stockSize: 1 });
    const stopped = { purpose: "stock", count: 2 } as const;
    const point = { step: "journaling", journaled: "make key issuing-dca/0003" } as const;
    expect(await estate.inProcess(stopped, point)).toMatchObject({ signal: "SIGKILL" });
  });
  afterEach(() => estate.end());

  test("keeps any other from beginning; the error says both ways on", async () => {
    await expect(extendStock(estate.room(), sampleSitting, 1)).rejects.toMatchObject({
      code: "CEREMONY_UNFINISHED",
      remedy: expect.stringMatching(/ceremony resume.*ceremony abandon/),
    });
    await expect(foundHierarchy(estate.room(), sampleSitting)).rejects.toMatchObject({
      code: "CEREMONY_UNFINISHED",
    });
  });

  test("goes on with the key whose making is journaled, and makes the other again", async () => {
    const before = new Map(
      (await estate.operationalSigner.listKeys()).map((key) => [key.label, key.publicKey]),
    );
    const { note } = await resumeCeremony(estate.room(), sampleSitting);
    const after = new Map(
      (await estate.operationalSigner.listKeys()).map((key) => [key.label, key.publicKey]),
    );
    expect(after.get("issuing-dca/0002")).toEqual(before.get("issuing-dca/0002"));
    expect(after.get("issuing-dca/0003")).not.toEqual(before.get("issuing-dca/0003"));
    expect(note).toMatch(/issuing-dca\/0003 key made .*which an interruption had left, was destroyed first/);
    await expectKeysOfAuthorities(estate);
  });

  test("abandoned, leaves the keys of the living hierarchy, and gives its names to no other CA", async () => {
    await abandonCeremony(estate.room(), sampleSitting);
    await expectKeysOfAuthorities(estate);
    expect((await estate.authorities()).map(({ id }) => id)).not.toContain("issuing-dca/0002");
    await extendStock(estate.room(), sampleSitting, 1);
    // Root DCA has put its name to 0002; 0003 had a key and no name.
    expect((await estate.authorities()).map(({ id }) => id)).toContain("issuing-dca/0003");
  });

  test("is refused where a journaled key is gone, or is another, and nothing is made", async () => {
    await estate.operationalSigner.destroyKey("issuing-dca/0002");
    const resume = () => resumeCeremony(estate.room(), sampleSitting);
    await expect(resume()).rejects.toMatchObject({ code: "CEREMONY_KEY_CHANGED" });
    await estate.operationalSigner.generateKey("issuing-dca/0002", "ecdsa-p256-sha256");
    await expect(resume()).rejects.toMatchObject({ code: "CEREMONY_KEY_CHANGED" });
    await abandonCeremony(estate.room(), sampleSitting);
    await expectKeysOfAuthorities(estate);
  });

  test("is refused under other terms than it began under", async () => {
    const { terms } = estate.room();
    const room = estate.room({ terms: { ...terms, years: { ...terms.years, "issuing-dca": 3 } } });
    await expect(resumeCeremony(room, sampleSitting)).rejects.toMatchObject({
      code: "CEREMONY_TERMS_CHANGED",
    });
  });

  test("needs its witnesses to be resumed and to be abandoned", async () => {
    const alone = { ...sampleSitting, witnesses: ["Ada Byron"] };
    for (const act of [resumeCeremony, abandonCeremony])
      await expect(act(estate.room(), alone)).rejects.toMatchObject({ code: "CEREMONY_WITNESSES_NEEDED" });
  });
});

test("a ceremony whose record an earlier release did not come to sign has it signed by a resumption", async () => {
  const estate = await foundedEstate({ stockSize: 1 });
  const at = estate.clock.read();
  // As the migration leaves it.
  await estate.database.transaction((tx) =>
    sql`insert into ceremony (purpose, environment, state, begun_at, held_at, request)
      values ('arl', 'test', 'held', ${at}, ${at}, '{"purpose": "arl"}')`.execute(tx),
  );
  await expect(extendStock(estate.room(), sampleSitting, 1)).rejects.toMatchObject({
    code: "CEREMONY_UNFINISHED",
  });
  const { note } = await resumeCeremony(estate.room(), sampleSitting);
  expect(openNote(note, [estate.ledger.verifier])).toContain("held by an earlier release");
  await extendStock(estate.room(), sampleSitting, 1);
  await estate.end();
});

test("a key that is exchanged while the ceremony is held lodges no CA", async () => {
  const estate = await emptyEstate({ stockSize: 1 });
  const exchange = async (_: string, journaled?: string) => {
    if (journaled !== "certify issuing-dca/0001") return;
    const { operationalSigner: signer } = estate;
    await signer.destroyKey("issuing-oca");
    await signer.generateKey("issuing-oca", "ecdsa-p256-sha256");
  };
  await expect(foundHierarchy(estate.room({ afterStep: exchange }), sampleSitting)).rejects.toMatchObject({
    code: "CEREMONY_KEY_CHANGED",
  });
  expect(await estate.authorities()).toEqual([]);
  await estate.end();
});

test("a record that is altered in the database is found by verification", async () => {
  const estate = await foundedEstate({ stockSize: 1 });
  expect(await estate.verify()).toMatchObject({ holds: true });
  await estate.database.transaction((tx) =>
    sql`update ceremony set record = replace(record, 'Ada Byron', 'Eve')`.execute(tx),
  );
  const { findings } = await estate.verify();
  expect(findings).toMatchObject([
    { kind: "record-altered", what: expect.stringContaining("signed record of ceremony 1") },
  ]);
  await estate.end();
});

test("every point is one that these tests, or those of another sitting, kill at", () => {
  const others = ["resuming", "resumed", "abandoning", "abandoned"];
  const killedAt = new Set<string>([...pointsOfFounding.map(({ step }) => step), ...others]);
  expect([...killedAt].toSorted()).toEqual([...ceremonySteps].toSorted());
});

test.each(["resuming", "resumed"] as const)(
  "a resumption that is killed at %s is resumed again",
  async (step) => {
    const estate = await emptyEstate({ stockSize: 1 });
    await estate.inProcess({ purpose: "found" }, { step: "journaled", journaled: "make key root-dca" });
    expect(await estate.inProcess("resume", { step })).toMatchObject({ signal: "SIGKILL" });
    const { note } = await resumeCeremony(estate.room(), sampleSitting);
    expect(note.match(/^interrupted; resumed/gm)).toHaveLength(step === "resumed" ? 2 : 1);
    await expectKeysOfAuthorities(estate);
    await estate.end();
  },
);

test.each(["abandoning", "abandoned"] as const)(
  "an abandonment that is killed at %s is abandoned",
  async (step) => {
    const estate = await emptyEstate({ stockSize: 1 });
    await estate.inProcess({ purpose: "found" }, { step: "journaled", journaled: "make key root-dca" });
    expect(await estate.inProcess("abandon", { step })).toMatchObject({ signal: "SIGKILL" });
    await abandonCeremony(estate.room(), sampleSitting);
    expect(await labels(estate)).toEqual(["ledger"]);
    expect(await estate.actsOf("ceremony.abandoned")).toHaveLength(1);
    await estate.end();
  },
);

const hasLodged = (step: CeremonyStep) =>
  ceremonySteps.indexOf(step) >= ceremonySteps.indexOf("held") &&
  ceremonySteps.indexOf(step) <= ceremonySteps.indexOf("recorded");

/** What a person does next: goes on, or begins where nothing had begun. @returns the record */
async function resumeOrBegin(estate: TestEstate, step: CeremonyStep): Promise<string> {
  if (step === "beginning") return (await foundHierarchy(estate.room(), sampleSitting)).note;
  if (step === "recorded") {
    await expect(resumeCeremony(estate.room(), sampleSitting)).rejects.toMatchObject({
      code: "CEREMONY_NONE_UNFINISHED",
    });
    return (await estate.database.read((tx) => readCeremony(tx, 1))).record ?? "";
  }
  return (await resumeCeremony(estate.room(), sampleSitting)).note;
}

async function expectNotAbandoned(estate: TestEstate, step: CeremonyStep): Promise<void> {
  await expect(abandonCeremony(estate.room(), sampleSitting)).rejects.toMatchObject({
    code: step === "recorded" ? "CEREMONY_NONE_UNFINISHED" : "CEREMONY_HELD_ALREADY",
  });
  await expectKeysOfAuthorities(estate);
}

async function expectNothingThere(estate: TestEstate): Promise<void> {
  expect(await labels(estate)).toEqual(["ledger"]);
  expect(await estate.database.read((tx) => listCeremonies(tx))).toEqual([]);
}

/** Every CA's key is the one in its certificate, and there is no key of no CA. */
async function expectKeysOfAuthorities(estate: TestEstate): Promise<void> {
  const authorities = await estate.authorities();
  const keys = [...(await estate.ceremonySigner.listKeys()), ...(await estate.operationalSigner.listKeys())];
  for (const { keyLabel, certificate } of authorities) {
    const key = keys.find(({ label }) => label === keyLabel);
    expect(certificate.includes(key?.publicKey ?? keyLabel), keyLabel).toBe(true);
  }
  const expected = [
    ...authorities.map(({ keyLabel }) => keyLabel),
    "contingency",
    "contingency-symmetric-key",
    "ledger",
  ];
  expect(await labels(estate)).toEqual(expected.toSorted());
}

async function labels({ ceremonySigner, operationalSigner }: TestEstate): Promise<string[]> {
  return [...(await ceremonySigner.listLabels()), ...(await operationalSigner.listLabels())].toSorted();
}

async function journaledKeys(estate: TestEstate): Promise<string[]> {
  const { steps } = await estate.database.read((tx) => readCeremony(tx, 1));
  return steps.flatMap(({ name }) => /^make (?:key|secret) (.*)/.exec(name)?.[1] ?? []);
}

async function makeTokens(): Promise<Stores> {
  const { settings } = await makeToken();
  await initialiseToken("smki-ceremony");
  const ceremonyStore = { ...settings, tokenLabel: "smki-ceremony", purpose: "ceremony" } as const;
  await createKeyStore(settings);
  await createKeyStore(ceremonyStore);
  return { ceremonyStore, operationalStore: settings };
}
