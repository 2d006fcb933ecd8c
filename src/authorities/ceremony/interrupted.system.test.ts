import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openNote } from "../../ledger/note.ts";
import { recordRestoration } from "../restoration.ts";
import { unfinishedCeremony } from "./account.ts";
import type { CeremonyStep } from "./ceremony-room.ts";
import { emptyEstate, foundedEstate, sampleSitting, seconds, type TestEstate } from "./estate.testkit.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { abandonCeremony, resumeCeremony } from "./resume.ts";
import { extendStock } from "./stock.ts";
import { expectKeysOfAuthorities, labelsOf } from "./testkit/expected-keys.ts";

describe("a ceremony for the stock that was interrupted", () => {
  let estate: TestEstate;
  /** The CA whose certificate was intended, and the one whose key was made and not journaled. */
  let first: string;
  let second: string;
  beforeAll(async () => {
    estate = await foundedEstate({ stockSize: 1 });
  });
  beforeEach(async () => {
    const reached: string[] = [];
    const afterStep = (step: CeremonyStep, journaled = "") => {
      if (step !== "journaling" || !journaled.startsWith("make key")) return;
      reached.push(journaled.slice("make key ".length));
      if (reached.length === 2) throw new Error("the lights went out");
    };
    await expect(extendStock(estate.room({ afterStep }), sampleSitting, 2)).rejects.toThrow("lights");
    [first = "", second = ""] = reached;
  });
  afterEach(async () => {
    const unfinished = await estate.database.read(unfinishedCeremony);
    if (unfinished !== undefined) await abandonCeremony(estate.room(), sampleSitting);
  });
  afterAll(() => estate.end());

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
    expect(after.get(first)).toEqual(before.get(first));
    expect(after.get(second)).not.toEqual(before.get(second));
    expect(note).toMatch(
      new RegExp(`${second} key made .*which an interruption had left, was destroyed first`),
    );
    await expectKeysOfAuthorities(estate);
  });

  test("abandoned, leaves the keys of the living hierarchy, and gives its names to no other CA", async () => {
    await abandonCeremony(estate.room(), sampleSitting);
    await expectKeysOfAuthorities(estate);
    expect((await estate.authorities()).map(({ id }) => id)).not.toContain(first);
    await extendStock(estate.room(), sampleSitting, 1);
    // Root DCA has put its name to the first; the second had a key and no name.
    expect((await estate.authorities()).map(({ id }) => id)).toContain(second);
  });

  test("is refused where a journaled key is gone, or is another, and nothing is made", async () => {
    await estate.operationalSigner.destroyKey(first);
    const resume = () => resumeCeremony(estate.room(), sampleSitting);
    await expect(resume()).rejects.toMatchObject({ code: "CEREMONY_KEY_CHANGED" });
    await estate.operationalSigner.generateKey(first, "ecdsa-p256-sha256");
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

  test("is only abandoned after a restore that lost acts: in those it may have come to its end", async () => {
    const { database, clock } = estate;
    const restore = {
      takenAt: clock.read(),
      manifest: "00".repeat(32),
      issuingDcaFloor: 10,
      replacementFloor: 0,
    };
    clock.advance(seconds);
    const restoredAt = clock.read();
    await database.transaction((tx) => recordRestoration(tx, { ...restore, restoredAt }));
    // One that lost nothing keeps nobody from going on.
    const stop = () => {
      throw new Error("enough");
    };
    const resume = () => resumeCeremony(estate.room({ afterStep: stop }), sampleSitting);
    await expect(resume()).rejects.toThrow("enough");
    const lossy = { ...restore, restoredAt, formerOrigin: "smki.example/former" };
    await database.transaction((tx) => recordRestoration(tx, lossy));
    await expect(resume()).rejects.toMatchObject({ code: "CEREMONY_BEFORE_RESTORE" });
    await abandonCeremony(estate.room(), sampleSitting);
    await expectKeysOfAuthorities(estate);
    // One that begins afterwards is resumed as any.
    clock.advance(seconds);
    const order = extendStock(
      estate.room({ afterStep: (step) => (step === "journaled" ? stop() : undefined) }),
      sampleSitting,
      1,
    );
    await expect(order).rejects.toThrow("enough");
    await resumeCeremony(estate.room(), sampleSitting);
    await expectKeysOfAuthorities(estate);
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

test("a founding that is abandoned leaves the keys that no founding makes, as of a ledger that a restore began", async () => {
  const estate = await emptyEstate({ stockSize: 1 });
  const others = ["ceremony-record", "ledger/restored-0a1b2c3d"];
  for (const label of others) await estate.operationalSigner.generateKey(label, "ed25519");
  await foundHierarchy(
    estate.room({
      afterStep: (_, journaled) => {
        if (journaled === "certify issuing-dca/0001") throw new Error("enough");
      },
    }),
    sampleSitting,
  ).catch(() => undefined);
  const { note } = await abandonCeremony(estate.room(), sampleSitting);
  expect(await labelsOf(estate)).toEqual([...others, "ledger"].toSorted());
  expect(note).toContain("key issuing-dca/0001 destroyed in the operational store");
  await estate.end();
});
