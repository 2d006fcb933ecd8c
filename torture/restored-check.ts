import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { crlProfiles } from "../src/authorities/authority.ts";
import { certificateDigests } from "../src/authorities/certificate-rows.ts";
import { currentListOf } from "../src/authorities/certificates.ts";
import { verifyRecords } from "../src/authorities/verification/verify-records.ts";
import { estateFiles } from "../src/backup/estate-files.ts";
import { finishRestore, placedRestore } from "../src/backup/restore-target.ts";
import { connect, type Database } from "../src/database/connect.ts";
import { makeDeviceCsrs } from "../src/issuance/issuance.testkit.ts";
import { receive } from "../src/issuance/receive.ts";
import { openSigner } from "../src/keys/open.ts";
import { openCheckpointSigner } from "../src/ledger/checkpoint-signer.ts";
import { findLedgerKey } from "../src/ledger/ledger-key.ts";
import { parseVerifierKey } from "../src/ledger/note.ts";
import { verifyLedger, withFindings } from "../src/ledger/verify-ledger.ts";
import { recover } from "./recover.ts";
import type { WorkingEstate } from "./working-estate.ts";

/**
 * A restored estate works on, and what it makes is new: serial numbers that the lost one never gave, lists numbered
 * above any that was seen. Everything that it kept verifies.
 */
export async function checkRestored(
  site: WorkingEstate,
  dataFolder: string,
  databaseUrl: string,
): Promise<void> {
  const { estate, outside, authority } = site;
  const files = estateFiles(dataFolder);
  const database = connect({ connectionString: databaseUrl }, { applicationName: "restored", poolSize: 4 });
  const store = estate.operationalStore;
  const signer = await openSigner(
    store.kind === "pkcs11" ? store : { ...store, file: join(dataFolder, "keys", "operational.keys") },
  );
  try {
    await finishRestore(database, placedRestore(dataFolder));
    const verifier = parseVerifierKey(readFileSync(files.ledgerVerifierKey, "utf8"));
    const ledger = await openCheckpointSigner({
      signer,
      keyLabel: await findLedgerKey(signer, verifier),
      origin: verifier.name,
      storePath: files.lastCheckpoint,
    });
    const known = new Set(await serialNumbersOf(estate.database));
    const kept = await serialNumbersOf(database);
    const strange = kept.filter((serialNumber) => !known.has(serialNumber));
    if (strange.length > 0) throw new Error(`the restored estate holds ${strange.join(", ")} of nowhere`);

    await database.transaction((tx) =>
      receive(
        tx,
        estate.manufacturer,
        { kind: "device", reference: "after", requests: makeDeviceCsrs(2) },
        100,
        new Date(),
      ),
    );
    await recover({ ...authority, database, signer }, ledger);
    const before = new Set(kept);
    const made = (await serialNumbersOf(database)).filter((serialNumber) => !before.has(serialNumber));
    const reused = made.filter((serialNumber) => known.has(serialNumber));
    if (made.length < 2 || reused.length > 0)
      throw new Error(
        `after the restore ${String(made.length)} were issued, of which again: ${reused.join(", ")}`,
      );
    for (const profile of crlProfiles) {
      const seen = outside.lists.get(profile)?.number ?? 0;
      const list = await database.read((tx) => currentListOf(tx, profile));
      if ((list?.number ?? 0) <= seen)
        throw new Error(`list ${String(list?.number)} of ${profile} came after ${String(seen)}`);
    }
    const report = withFindings(
      await verifyLedger(database, {
        verifierKey: readFileSync(files.ledgerVerifierKey, "utf8"),
        ...(existsSync(files.formerLedgerKeys)
          ? { formerLedgers: readFileSync(files.formerLedgerKeys, "utf8") }
          : {}),
        certificates: certificateDigests,
        knownCheckpoints: [readFileSync(files.lastCheckpoint, "utf8")],
      }),
      await database.read(verifyRecords, { snapshot: true }),
    );
    if (!report.holds || report.openEntries > 0)
      throw new Error(`the restored ledger does not hold: ${JSON.stringify(report)}`);
  } finally {
    await signer.close();
    await database.close();
  }
}

async function serialNumbersOf(database: Database): Promise<string[]> {
  const { rows } = await database.read((tx) =>
    sql<{ serial: string }>`select encode(serial_number, 'hex') as serial from certificate`.execute(tx),
  );
  return rows.map(({ serial }) => serial);
}
