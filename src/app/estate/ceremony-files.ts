import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Ceremony, readCeremony } from "../../authorities/ceremony/account.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { formatVerifierKey, noteVerifier, openNote, parseVerifierKey } from "../../ledger/note.ts";
import { recordDocument } from "../ceremony-paper/record-document.ts";
import { renderHtml } from "../ceremony-paper/render-html.ts";
import { renderPdf } from "../ceremony-paper/render-pdf.ts";
import type { Estate } from "./estate.ts";
import { writeWhole } from "./write-whole.ts";

/** The files of a ceremony that is recorded. */
export interface CeremonyFiles {
  /** The signed record. */
  readonly file: string;
  /** The same on paper, for people to sign. */
  readonly html: string;
  readonly pdf: string;
}

/** Where the files of a ceremony lie: their number and purpose are their name. */
export function ceremonyFiles(folder: string, { id, order }: Pick<Ceremony, "id" | "order">): CeremonyFiles {
  const name = join(folder, `${String(id).padStart(4, "0")}-${order.purpose.replace(/[^a-z]+/gi, "-")}`);
  return { file: `${name}.txt`, html: `${name}.html`, pdf: `${name}.pdf` };
}

/**
 * Files the record of a ceremony, out of the database alone. A crash leaves no file or a whole one; called again it
 * makes them again, the same octets of them.
 *
 * @param files - where; in the estate's folder of ceremonies when left out
 * @throws SmkiError CEREMONY_NOT_FOUND; CEREMONY_FILE_UNWRITABLE; CEREMONY_FILE_DIFFERS where another signed record lies there, which is kept;
 *   CEREMONY_UNFINISHED while it has no record
 */
export async function fileCeremony(
  { database, paths }: Estate,
  id: number,
  files?: CeremonyFiles,
): Promise<CeremonyFiles> {
  const account = await database.read((tx) => readCeremony(tx, id), { snapshot: true });
  const { record, order, begunAt } = account;
  if (record === undefined)
    throw new SmkiError("CEREMONY_UNFINISHED", {
      ceremony: id,
      purpose: order.purpose,
      begun: begunAt.toISOString(),
    });
  if (files === undefined) mkdirSync(paths.ceremonies, { recursive: true, mode: 0o700 });
  const to = files ?? ceremonyFiles(paths.ceremonies, account);
  if (!existsSync(to.file)) writePaper(to.file, record);
  else if (readFileSync(to.file, "utf8") !== record)
    throw new SmkiError("CEREMONY_FILE_DIFFERS", { file: to.file });
  const document = recordDocument(account, verifierKeyOf(record, paths));
  writePaper(to.html, renderHtml(document));
  writePaper(to.pdf, await renderPdf(document));
  return to;
}

/**
 * The verifier key of a record, if the key in the data folder made it. After a restore the published name of that key is
 * another: the record has the name under which it was signed.
 */
function verifierKeyOf(record: string, { recordVerifierKey }: Estate["paths"]): string | undefined {
  if (!existsSync(recordVerifierKey)) return undefined;
  const { publicKey } = parseVerifierKey(readFileSync(recordVerifierKey, "utf8").trim());
  const name = /^\u2014 (\S+) /m.exec(record.slice(record.lastIndexOf("\n\n")))?.[1];
  if (name === undefined) return undefined;
  const verifier = noteVerifier(name, publicKey.export({ format: "der", type: "spki" }));
  try {
    openNote(record, [verifier]);
  } catch (error) {
    if (isSmkiError(error)) return undefined;
    throw error;
  }
  return formatVerifierKey(verifier);
}

/** Writes a script or a record where a person wants it. @throws SmkiError CEREMONY_FILE_UNWRITABLE */
export function writePaper(file: string, content: string | Buffer): void {
  try {
    writeWhole(resolve(file), content, 0o644);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new SmkiError("CEREMONY_FILE_UNWRITABLE", { file, reason: code }, { cause });
  }
}
