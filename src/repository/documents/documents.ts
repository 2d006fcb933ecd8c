import { createHash } from "node:crypto";
import type { Database } from "../../database/connect.ts";
import { brokenConstraint } from "../../database/failures.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Principal } from "../../registration/principal.ts";
import { partyById } from "../../registration/registration.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import {
  type CheckedLodging,
  checkLodging,
  type DocumentOwner,
  type DocumentVersion,
  invalid,
  isDocumentReference,
  type Lodging,
} from "./document.ts";
import * as store from "./document-store.ts";
import { type DocumentSource, inParts, partSize, readThrough } from "./read-document.ts";

/** What a lodging is judged by. */
type DocumentRules = Pick<Rulebook, "repositoryDocuments" | "repositoryLargestDocument">;

/**
 * Refuses everyone but those who may lodge (SEC L5.3): the DCC, and the person at the machine, who is its Service Desk
 * and lodges for the PMA and the Code Administrator too.
 *
 * @throws SmkiError NOT_PERMITTED
 */
async function requireLodger(tx: Tx, by: Principal, owner: DocumentOwner): Promise<void> {
  if (by.kind === "operator") return;
  const { categories } = await partyById(tx, by.partyId);
  if (!categories.includes("dcc"))
    throw new SmkiError("NOT_PERMITTED", { needed: "a credential of the DCC" });
  if (owner !== "dcc") throw new SmkiError("NOT_PERMITTED", { needed: "the Service Desk, at the machine" });
}

/**
 * Lodges a version of a document, in a transaction of its own: the act in the ledger has its SHA-256. A crash at any
 * point leaves either all of it or nothing.
 *
 * @param source - read twice: once to know what it is, once to keep it
 * @param expected - SHA-256 in hexadecimal, where the sender told it
 * @throws SmkiError NOT_PERMITTED, DOCUMENT_INVALID, DOCUMENT_TOO_LARGE, DOCUMENT_DAMAGED, DOCUMENT_VERSION_EXISTS
 */
export async function lodgeDocument(
  database: Database,
  by: Principal,
  lodging: Lodging,
  source: DocumentSource,
  { rules, at, expected }: { readonly rules: DocumentRules; readonly at: Date; readonly expected?: string },
): Promise<DocumentVersion> {
  const checked = await database.read((tx) => refuseVainLodging(tx, by, lodging, rules));
  const read = await readThrough(source, checked.type, rules.repositoryLargestDocument.value);
  if (expected !== undefined && expected.toLowerCase() !== read.sha256)
    throw new SmkiError("DOCUMENT_DAMAGED", { sha256: read.sha256, expected });
  return database.transaction(async (tx) => {
    // Again: who asked may have been stopped meanwhile.
    await requireLodger(tx, by, checked.for);
    const lodged = { ...versionOf(checked, at), ...read };
    const title = await insertOnce(tx, by, checked, lodged);
    const kept = createHash("sha256");
    let position = 0;
    for await (const part of inParts(source())) {
      kept.update(part);
      await store.insertPart(tx, lodged.document, lodged.version, position, part);
      position += 1;
    }
    if (kept.digest("hex") !== read.sha256)
      throw new SmkiError("DOCUMENT_DAMAGED", { expected: read.sha256 });
    const { document, version, octets, sha256, lodgedFor } = lodged;
    await recordActs(tx, [
      {
        kind: "document.lodged",
        at,
        by: by.name,
        subject: { document, version, octets, sha256, for: lodgedFor },
      },
    ]);
    return { ...lodged, title };
  });
}

/**
 * Refuses a lodging that cannot succeed, whatever its octets are: so that none of them need be sent.
 *
 * @throws SmkiError NOT_PERMITTED, DOCUMENT_INVALID, DOCUMENT_VERSION_EXISTS
 */
export async function refuseVainLodging(
  tx: Tx,
  by: Principal,
  lodging: Lodging,
  rules: Pick<DocumentRules, "repositoryDocuments">,
): Promise<CheckedLodging> {
  await requireLodger(tx, by, lodging.for);
  const checked = checkLodging(lodging, rules.repositoryDocuments.value);
  const { document, version, title } = checked;
  const versions = await store.selectVersions(tx, document);
  if (versions.length === 0 && title.trim() === "") throw invalid("title", "of a document that is new here");
  const same = versions.find((one) => one.version === version);
  if (same !== undefined) throw exists(document, version, same.sha256);
  return checked;
}

const versionOf = ({ document, version, type, for: owner }: CheckedLodging, at: Date) => ({
  document,
  version,
  mediaType: type.mediaType,
  lodgedAt: at,
  lodgedFor: owner,
});

/** Of two who lodge one version at once, the second waits here for the first, and is refused. @returns the title */
async function insertOnce(
  tx: Tx,
  by: Principal,
  { title, reference }: CheckedLodging,
  lodged: Omit<DocumentVersion, "title">,
): Promise<string> {
  const parts = Math.ceil(lodged.octets / partSize);
  const kept = await store.insertDocument(tx, lodged.document, title);
  await store
    .insertVersion(tx, { ...lodged, parts, lodgedBy: by.name, reference })
    .catch((error: unknown) => {
      if (brokenConstraint(error) !== "repository_document_version_pkey") throw error;
      throw exists(lodged.document, lodged.version);
    });
  return kept;
}

const exists = (document: string, version: string, sha256?: string): SmkiError =>
  new SmkiError("DOCUMENT_VERSION_EXISTS", {
    document,
    version,
    ...(sha256 === undefined ? {} : { sha256 }),
  });

/** Every version of every document, by document; the highest version of each first. */
export const listDocuments = (tx: Tx): Promise<DocumentVersion[]> => store.selectVersions(tx);

/** Every version of one document, the highest first. @throws SmkiError DOCUMENT_NOT_FOUND */
export async function versionsOf(tx: Tx, document: string): Promise<DocumentVersion[]> {
  const versions = isDocumentReference(document, "0") ? await store.selectVersions(tx, document) : [];
  if (versions.length === 0) throw new SmkiError("DOCUMENT_NOT_FOUND", { document });
  return versions;
}

/** One version. @throws SmkiError DOCUMENT_NOT_FOUND */
export async function findVersion(tx: Tx, document: string, version: string): Promise<DocumentVersion> {
  const [found] = isDocumentReference(document, version)
    ? await store.selectVersions(tx, document, version)
    : [];
  if (found === undefined) throw new SmkiError("DOCUMENT_NOT_FOUND", { document, version });
  return found;
}

/**
 * The octets of a version, part by part: no connection waits for whoever takes them.
 *
 * @throws SmkiError DOCUMENT_ALTERED where they are not what was lodged; their end is then not given
 */
export async function* octetsOf(
  database: Database,
  { document, version, sha256, octets }: DocumentVersion,
): AsyncGenerator<Buffer> {
  const given = createHash("sha256");
  const last = Math.ceil(octets / partSize) - 1;
  for (let position = 0; position <= last; position += 1) {
    const part = await database.read((tx) => store.selectPart(tx, document, version, position));
    given.update(part ?? Buffer.alloc(0));
    // The last one is held back until all is known to be right.
    if (part === undefined || (position === last && given.digest("hex") !== sha256))
      throw new SmkiError("DOCUMENT_ALTERED", { document, version });
    yield part;
  }
}
