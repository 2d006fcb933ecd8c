import { certificateLines } from "../../authorities/bulk-rows.ts";
import { normaliseSerialNumber, type SerialNumber } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { actsBetween } from "../../ledger/all-acts.ts";
import { readIssuedCertificate } from "../../ledger/certificate-act.ts";
import { issuerCertificates } from "../repository.ts";
import { readList, readNotInUse, readRevocation } from "./late-acts.ts";
import { listLine } from "./list-line.ts";
import type { Making, Place } from "./making.ts";
import { type Part, withFiles } from "./parts.ts";
import type { RowFile } from "./row-file.ts";
import { isLeftOut } from "./rows.ts";

/** What the parts of a delta are read from. */
export interface DeltaSource {
  readonly tx: Tx;
  /** Where extracts lie. */
  readonly folder: string;
  /** Leaves that make a part. */
  readonly mostLeaves: number;
  /** Aborted: stop. */
  readonly stop: AbortSignal;
}

/** Certificates that are fetched together. */
const fetched = 2_000;

/**
 * Writes the next part of a delta: what was done in a run of leaves, as the ledger tells it: the certificates of its acts
 * of issuing, its revocations and marks; at the end the newest list of each CA that published one.
 *
 * @throws SmkiError EXTRACT_DISAGREES_WITH_LEDGER
 */
export async function writeDeltaPart(source: DeltaSource, making: Making, place: Place): Promise<Part> {
  if (place.rows === "lists") return writeLists(source, making, place);
  const { tx, folder, mostLeaves, stop } = source;
  const first = place.after === "" ? making.fromSize : Number(place.after);
  const end = Math.min(making.size, first + mostLeaves);
  const lists = { ...place.lists };
  return withFiles(folder, making, ["certificates", "revocations", "not-in-use"], async (files) => {
    const counts = { certificates: 0, revocations: 0, notInUse: 0 };
    let waiting: SerialNumber[] = [];
    for await (const { act } of actsBetween(tx, first, end)) {
      const issued = readIssuedCertificate(act);
      if (issued !== undefined && !isLeftOut(issued.authority)) {
        waiting.push(normaliseSerialNumber(issued.serialNumber));
        counts.certificates += 1;
      }
      if (waiting.length === fetched) {
        stop.throwIfAborted();
        await writeCertificates(tx, files.certificates, waiting);
        waiting = [];
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
      if (list !== undefined && !isLeftOut(list.authority)) lists[list.authority] = list.number;
    }
    await writeCertificates(tx, files.certificates, waiting);
    return {
      files: [
        await files.certificates.end(counts.certificates),
        await files.revocations.end(counts.revocations),
        await files["not-in-use"].end(counts.notInUse),
      ],
      rowOctets: files.certificates.rowOctets + files.revocations.rowOctets + files["not-in-use"].rowOctets,
      next:
        end < making.size
          ? { rows: "certificates", after: String(end), lists }
          : { rows: "lists", after: "", lists },
    };
  });
}

async function writeCertificates(tx: Tx, file: RowFile, wanted: readonly SerialNumber[]): Promise<void> {
  if (wanted.length === 0) return;
  const lines = await certificateLines(tx, wanted);
  if (lines.length !== wanted.length)
    throw new SmkiError("EXTRACT_DISAGREES_WITH_LEDGER", { issued: wanted.length, held: lines.length });
  await file.write(Buffer.from(`${lines.join("\n")}\n`, "latin1"));
}

async function writeLists({ tx, folder }: DeltaSource, making: Making, { lists }: Place): Promise<Part> {
  return withFiles(folder, making, ["lists"], async ({ lists: file }) => {
    const authorities = await issuerCertificates(tx);
    const newest = Object.entries(lists);
    for (const [id, number] of newest) {
      const authority = authorities.find((one) => one.id === id);
      if (authority === undefined) throw new SmkiError("EXTRACT_DISAGREES_WITH_LEDGER", { authority: id });
      await file.writeLine(await listLine(tx, authority, number));
    }
    return { files: [await file.end(newest.length)], rowOctets: file.rowOctets, next: null };
  });
}
