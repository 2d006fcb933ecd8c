import { hash } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { readCeremony } from "./account.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { updateCheckpointAfter, updateRecord } from "./ceremony-store.ts";
import { recordText } from "./record-text.ts";

/**
 * Signs the record of a ceremony that was held or abandoned, and keeps it. Its text comes from the journal alone, so
 * a crash anywhere in here loses nothing: the next sitting signs it.
 */
export async function recordCeremony(room: CeremonyRoom, ceremonyId: number): Promise<CeremonyRecord> {
  const { checkpointAfter } = await room.database.read((tx) => readCeremony(tx, ceremonyId));
  if (checkpointAfter === undefined) {
    const after = await room.checkpoint();
    await room.database.transaction((tx) => updateCheckpointAfter(tx, ceremonyId, after));
  }
  await room.afterStep?.("signing record");
  const account = await room.database.read((tx) => readCeremony(tx, ceremonyId));
  const note = await room.signRecord(recordText(account));
  await room.afterStep?.("recording");
  await room.database.transaction(async (tx) => {
    const at = room.clock();
    if (!(await updateRecord(tx, ceremonyId, note, at))) throw new SmkiError("CEREMONY_UNDER_WAY");
    const subject = { ceremony: ceremonyId, record: hash("sha256", note, "hex") };
    await recordActs(tx, [{ kind: "ceremony.recorded", at, by: "ceremony", subject }]);
  });
  await room.afterStep?.("recorded");
  return { id: ceremonyId, note };
}
