import type { Readable } from "node:stream";
import {
  allCertificateLines,
  allNotInUseLines,
  allRevocationLines,
  newestListNumber,
} from "../../authorities/bulk-rows.ts";
import type { CopyOut, RowStream } from "../../database/copy/copy-session.ts";
import type { Tx } from "../../database/transaction.ts";
import { issuerCertificates } from "../repository.ts";
import { lateActs } from "./late-acts.ts";
import { listLine } from "./list-line.ts";
import type { ManifestFile } from "./manifest.ts";
import type { RowFiles } from "./row-files.ts";
import { isLeftOut } from "./rows.ts";

/**
 * Writes all that stands under a checkpoint: the tables as one snapshot shows them, without what was done after the
 * checkpoint. Certificates pass as PostgreSQL gives them, so that memory does not depend on how many there are.
 *
 * @param tx - of the snapshot; `copy` reads in the same
 * @param size - leaves under the checkpoint
 */
export async function writeFull(
  tx: Tx,
  copy: CopyOut,
  files: RowFiles,
  size: number,
): Promise<ManifestFile[]> {
  const late = await lateActs(tx, size);
  const copyInto = async (rows: "certificates" | "revocations" | "not-in-use", query: string) => {
    const lines: RowStream<Readable> = copy.readLines(query);
    for await (const chunk of lines as AsyncIterable<Buffer>) await files[rows].write(chunk);
    return files[rows].end(lines.rowCount);
  };
  const certificates = await copyInto("certificates", allCertificateLines(late.issued));
  const revocations = await copyInto("revocations", allRevocationLines(late.revoked));
  const notInUse = await copyInto("not-in-use", allNotInUseLines(late.notInUse));
  let lists = 0;
  for (const authority of await issuerCertificates(tx)) {
    if (isLeftOut(authority.id)) continue;
    const number = await newestListNumber(tx, authority.id, late.lists.get(authority.id) ?? []);
    if (number === undefined) continue;
    await files.lists.writeLine(await listLine(tx, authority, number));
    lists += 1;
  }
  return [certificates, revocations, notInUse, await files.lists.end(lists)];
}
