import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseCertificate, readFields } from "../../certificates/index.ts";
import { testDatabase } from "../../database/testkit.ts";
import { unwrapContingencyPublicKey } from "../../keys/contingency-wrap.ts";
import type { Signer } from "../../keys/signer.ts";
import { openNote } from "../../ledger/note.ts";
import { sequenceOnce } from "../../ledger/sequencer.ts";
import { listCeremonies } from "./account.ts";
import type { CeremonyRecord } from "./ceremony-room.ts";
import { emptyEstate, foundedEstate, sampleSitting, type TestEstate } from "./estate.testkit.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { contingencyKeyLabel, contingencySymmetricKeyLabel } from "./hierarchy.ts";
import { extendStock } from "./stock.ts";

let estate: TestEstate;
afterAll(() => estate.end());

describe("an estate that is founded", () => {
  beforeAll(async () => {
    estate = await foundedEstate({ stockSize: 2, released: 0 });
  });

  test("has the CAs of the three hierarchies, root keys in the ceremony store only", async () => {
    const states = (await estate.authorities()).map(({ id, state, issuerId }) => [id, state, issuerId]);
    expect(states).toEqual([
      ["iki-issuing", "active", "iki-root"],
      ["iki-root", "active", "iki-root"],
      ["issuing-dca/0001", "stock", "root-dca"],
      ["issuing-dca/0002", "stock", "root-dca"],
      ["issuing-oca", "active", "root-oca"],
      ["root-dca", "active", "root-dca"],
      ["root-oca", "active", "root-oca"],
    ]);
    const labels = async (signer: Signer) => (await signer.listKeys()).map(({ label }) => label).sort();
    const operational = await labels(estate.operationalSigner);
    expect(operational).toEqual([
      "iki-issuing",
      "issuing-dca/0001",
      "issuing-dca/0002",
      "issuing-oca",
      "ledger",
    ]);
    expect(await labels(estate.ceremonySigner)).toEqual(
      expect.arrayContaining(["contingency", "iki-root", "root-dca", "root-oca"]),
    );
  });

  test("has the contingency public key wrapped in the Root OCA's certificate, which the symmetric key opens", async () => {
    const root = readFields(parseCertificate((await estate.authority("root-oca")).certificate));
    if (root.profile !== "root-oca") throw new Error(root.profile);
    const symmetricKey = await estate.ceremonySigner.readSecret(contingencySymmetricKeyLabel);
    const { publicKey } = await estate.ceremonySigner.findKey(contingencyKeyLabel);
    expect(unwrapContingencyPublicKey(symmetricKey, root.wrappedContingencyKey.wrappedKey)).toEqual(
      publicKey,
    );
    const wrongKey = Buffer.from(symmetricKey.map((octet) => octet ^ 1));
    expect(() => unwrapContingencyPublicKey(wrongKey, root.wrappedContingencyKey.wrappedKey)).toThrow(
      expect.objectContaining({ code: "KEY_UNWRAP_FAILED" }),
    );
  });

  test("is not founded a second time, and nothing is destroyed", async () => {
    const before = await estate.ceremonySigner.listKeys();
    await expect(foundHierarchy(estate.room(), sampleSitting)).rejects.toMatchObject({
      code: "HIERARCHY_EXISTS",
    });
    expect(await estate.ceremonySigner.listKeys()).toEqual(before);
  });

  test("is not founded again on an empty database beside its key stores, and nothing is destroyed", async () => {
    const before = [
      ...(await estate.ceremonySigner.listKeys()),
      ...(await estate.operationalSigner.listKeys()),
    ];
    const other = await testDatabase();
    try {
      const room = estate.room({
        database: other.database,
        checkpoint: async () => {
          const context = { database: other.database, signer: estate.ledger, clock: estate.clock.read };
          return (await sequenceOnce(context))?.checkpoint.note ?? "";
        },
      });
      await expect(foundHierarchy(room, sampleSitting)).rejects.toMatchObject({
        code: "LEDGER_ROLLED_BACK",
      });
    } finally {
      await other.drop();
    }
    const after = [
      ...(await estate.ceremonySigner.listKeys()),
      ...(await estate.operationalSigner.listKeys()),
    ];
    expect(after).toEqual(before);
  });

  test("holds no ceremony under a clock that went back", async () => {
    estate.clock.advance(-60_000);
    await expect(extendStock(estate.room(), sampleSitting, 1)).rejects.toMatchObject({
      code: "CLOCK_WENT_BACK",
    });
  });
});

describe("the founding ceremony", () => {
  let founding: CeremonyRecord;
  beforeAll(async () => {
    await estate.end();
    estate = await emptyEstate({ stockSize: 1 });
  });

  test("is refused with one witness, or with one person named twice, before any key is made", async () => {
    for (const names of [["Ada Byron"], ["Ada Byron", " ada  BYRON"], ["Ada Byron", " "]])
      await expect(
        foundHierarchy(estate.room(), { ...sampleSitting, witnesses: names }),
      ).rejects.toMatchObject({ code: "CEREMONY_WITNESSES_NEEDED" });
    expect(await estate.ceremonySigner.listKeys()).toEqual([]);
  });

  test("is held alone: a second is refused while the first goes on", async () => {
    const second = Promise.withResolvers<unknown>();
    let asked = false;
    const room = estate.room({
      checkpoint: async () => {
        if (!asked) {
          asked = true;
          await foundHierarchy(estate.room(), sampleSitting).catch(second.resolve);
        }
        return estate.room().checkpoint();
      },
    });
    founding = await foundHierarchy(room, sampleSitting);
    expect(await second.promise).toMatchObject({ code: "CEREMONY_UNDER_WAY" });
  });

  test("leaves a record that verifies with the ledger's key and names witnesses, steps and both checkpoints", async () => {
    const { id, note } = founding;
    const text = openNote(note, [estate.ledger.verifier]);
    expect(text).toContain("witness: Ada Byron (sample, no real person)");
    expect(text).toMatch(/^ledger before: smki\.example\/test, 0 entries/m);
    expect(text).toMatch(/^ledger after: smki\.example\/test, [1-9]\d* entries/m);
    expect(text).toMatch(/^step \d+, .*: root-oca certified: serial number [0-9a-f]{32}, SHA-256/m);
    expect(text).toMatch(/^step \d+, .*: issuing-oca CRL number 1 signed/m);
    const [held] = await estate.database.read((tx) => listCeremonies(tx));
    expect(held).toMatchObject({ id, record: note, sample: true, state: "recorded" });
    expect(() => openNote(note.replace("Ada Byron", "Eve"), [estate.ledger.verifier])).toThrow(
      expect.objectContaining({ code: "LEDGER_NOTE_UNVERIFIED" }),
    );
    expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });
});
