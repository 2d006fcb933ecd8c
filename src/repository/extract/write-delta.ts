import { certificateLines } from "../../authorities/bulk-rows.ts";
import { normaliseSerialNumber, type SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { actsBetween } from "../../ledger/all-acts.ts";
import { readIssuedCertificate } from "../../ledger/certificate-act.ts";
import { issuerCertificates } from "../repository.ts";
import { readList, readNotInUse, readRevocation } from "./late-acts.ts";
import { listLine } from "./list-line.ts";
import type { ManifestFile } from "./manifest.ts";
import type { RowFiles } from "./row-files.ts";
import { isLeftOut } from "./rows.ts";

/** Certificates that are fetched together. */
const fetched = 2_000;

/**
 * Writes what was done between two checkpoints, as the ledger tells it: the certificates of its acts of issuing, its
 * revocations and marks, and of each CA the newest list.
 *
 * @param from - leaves under the earlier checkpoint
 * @param size - leaves under the later one
 * @throws SmkiError EXTRACT_DISAGREES_WITH_LEDGER
 */
export async function writeDelta(
  tx: Tx,
  files: RowFiles,
  from: number,
  size: number,
): Promise<ManifestFile[]> {
  const counts = { certificates: 0, revocations: 0, notInUse: 0, lists: 0 };
  const newestLists = new Map<string, number>();
  let waiting: SerialNumber[] = [];
  const writeWaiting = async () => {
    const lines = await certificateLines(tx, waiting);
    if (lines.length !== waiting.length)
      throw new SmkiError("EXTRACT_DISAGREES_WITH_LEDGER", { issued: waiting.length, held: lines.length });
    if (lines.length > 0) await files.certificates.write(Buffer.from(`${lines.join("\n")}\n`, "latin1"));
    counts.certificates += lines.length;
    waiting = [];
  };
  for await (const { act } of actsBetween(tx, from, size)) {
    const issued = readIssuedCertificate(act);
    if (issued !== undefined && !isLeftOut(issued.authority)) {
      waiting.push(normaliseSerialNumber(issued.serialNumber));
      if (waiting.length === fetched) await writeWaiting();
    }
    const revocation = readRevocation(act);
    if (revocation !== undefined && !isLeftOut(revocation.authority)) {
      const { serialNumber, authority, at, reason } = revocation;
      await files.revocations.writeLine([serialNumber, authority, at.toISOString(), reason].join(","));
      counts.revocations += 1;
    }
    const mark = readNotInUse(act);
    if (mark !== undefined) {
      await files["not-in-use"].writeLine(`${mark.serialNumber},${mark.since.toISOString()}`);
      counts.notInUse += 1;
    }
    const list = readList(act);
    if (list !== undefined && !isLeftOut(list.authority)) newestLists.set(list.authority, list.number);
  }
  await writeWaiting();
  const authorities = await issuerCertificates(tx);
  for (const [id, number] of newestLists) {
    const authority = authorities.find((one) => one.id === id);
    if (authority === undefined) throw new SmkiError("EXTRACT_DISAGREES_WITH_LEDGER", { authority: id });
    await files.lists.writeLine(await listLine(tx, authority, number));
    counts.lists += 1;
  }
  return [
    await files.certificates.end(counts.certificates),
    await files.revocations.end(counts.revocations),
    await files["not-in-use"].end(counts.notInUse),
    await files.lists.end(counts.lists),
  ];
}
