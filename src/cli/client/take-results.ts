import { createReadStream } from "node:fs";
import { join } from "node:path";
import {
  type DeviceRequest,
  encodePem,
  parseCsr,
  printable,
  readDeviceCsr,
} from "../../certificates/index.ts";
import { isSmkiError, type SmkiError } from "../../errors/smki-error.ts";
import { type BatchedAnswer, BatchResultReader } from "../../web/smki/messages/index.ts";
import { type ClientBatch, csrIdentifier } from "./batches.ts";
import { readSameCsr } from "./csr-file.ts";
import { syncFolder, writeWhole } from "./durable.ts";
import { resultFile } from "./fetch-results.ts";
import { certificateFile, ownCertificate } from "./folder.ts";
import { mismatchesOf, serialNumberOf } from "./match-certificate.ts";
import type { CsrReport } from "./outcomes.ts";
import type { Work } from "./work.ts";

/** The code with which a service refuses a key that has a certificate already (an example of Appendix M, Appendix A). */
const duplicateCode = "CR:9999";

/**
 * Takes the certificates out of the kept answer of a batch: each is held against its CSR and written beside it. Doing it
 * again changes nothing, so that a crash anywhere in it needs no entry in the journal.
 *
 * @returns what became of each CSR of the batch, in order; IDs that are no CSR's of it
 * @throws SmkiError FILE_UNWRITABLE; ANSWER_INVALID where the kept answer was changed
 */
export async function takeResults(
  work: Work,
  batch: ClientBatch,
): Promise<{ reports: CsrReport[]; unknown: string[] }> {
  const places = new Map(batch.csrs.map((_, place) => [csrIdentifier(place), place]));
  const reports = batch.csrs.map(([file]): CsrReport => ({ file, status: "missing", batch: batch.batch }));
  const unknown: string[] = [];
  const reader = new BatchResultReader();
  const take = async ({ clientId, answer }: BatchedAnswer) => {
    const place = places.get(clientId);
    const csr = place === undefined ? undefined : batch.csrs[place];
    if (place === undefined || csr === undefined) unknown.push(clientId);
    else reports[place] = { ...(await takeAnswer(work, csr, answer)), batch: batch.batch };
  };
  // Those of one part of the file together: the disk makes many files durable as fast as one.
  for await (const octets of createReadStream(resultFile(work, batch)))
    await Promise.all(reader.write(octets as Buffer).map(take));
  reader.end();
  syncFolder(work.folder);
  return { reports, unknown };
}

async function takeAnswer(
  work: Work,
  [file, sha256]: readonly [string, string],
  answer: BatchedAnswer["answer"],
): Promise<CsrReport> {
  try {
    const same = readSameCsr(join(work.folder, file), sha256);
    if (same === undefined)
      return { file, status: "unusable", reason: "changed", text: "the CSR was changed after it was sent" };
    const request = readDeviceCsr(parseCsr(same.der));
    const present = ownCertificate(join(work.folder, certificateFile(file)), request, work.judge);
    if ("certificate" in answer)
      return await keepCertificate(work, file, request, Buffer.from(answer.certificate), present);
    const { code, text } = answer.error;
    const refusal: CsrReport = { file, status: "refused", reason: answer.status, errorCode: code, text };
    // Issued under an answer that was lost: the certificate is the one that the SMKI Repository has.
    const serialNumber = code === duplicateCode ? serialNumberIn(text) : undefined;
    if (present !== undefined) return { file, status: "issued", serialNumber: serialNumberOf(present) };
    if (serialNumber === undefined) return refusal;
    const certificate = await retrieve(work, serialNumber);
    if (certificate === undefined) return { ...refusal, serialNumber };
    return await keepCertificate(work, file, request, certificate, undefined);
  } catch (error) {
    if (!isSmkiError(error) || error.code === "FILE_UNWRITABLE") throw error;
    return unusable(file, error);
  }
}

/** A repository that is away keeps nothing else: the next run asks it again. */
async function retrieve({ retrieve: ask, output }: Work, serialNumber: string): Promise<Buffer | undefined> {
  try {
    return await ask?.(serialNumber);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    output.warn(`Certificate ${serialNumber}: ${printable(error.message)}`);
    return undefined;
  }
}

/** Writes the certificate of a CSR, if it is one, and unless it lies there. */
export async function keepCertificate(
  work: Pick<Work, "folder" | "judge" | "afterStep">,
  file: string,
  request: DeviceRequest,
  certificate: Buffer,
  present: Buffer | undefined,
): Promise<CsrReport> {
  const mismatches = mismatchesOf(request, certificate, work.judge);
  if (present !== undefined && !present.equals(certificate)) mismatches.push("another than lies there");
  if (mismatches.length > 0) return { file, status: "wrong", text: mismatches.join("; ") };
  if (present === undefined) {
    const path = join(work.folder, certificateFile(file));
    await writeWhole(path, encodePem(certificate), () => {
      work.afterStep("drafted");
    });
    work.afterStep("written");
  }
  return { file, status: "issued", serialNumber: serialNumberOf(certificate) };
}

/** A CSR that the client can do nothing with. */
export const unusable = (file: string, { code, message, remedy }: SmkiError): CsrReport => ({
  file,
  status: "unusable",
  reason: code,
  text: `${message}. ${remedy}`,
});

/** A serial number of 16 octets in the text of a refusal: 31 or 32 hexadecimal digits, colons between them or not. */
export function serialNumberIn(text: string): string | undefined {
  const [found] = /(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]:?){30,31}[0-9A-Fa-f](?![0-9A-Fa-f])/.exec(text) ?? [];
  return found?.replaceAll(":", "").toUpperCase().padStart(32, "0");
}
