import { SmkiError } from "../../errors/smki-error.ts";
import { type DocumentType, documentTypeOf, documentTypes } from "./document-types.ts";

/** Who has a document lodged (SEC L5.3). The PMA and the Code Administrator do so through the Service Desk. */
export const documentOwners = ["dcc", "pma", "code-administrator"] as const;
export type DocumentOwner = (typeof documentOwners)[number];

/** What is asked when a version is lodged. */
export interface Lodging {
  /** The document's name in addresses, for example `device-certificate-policy`. */
  readonly document: string;
  /** For example `2.0`. */
  readonly version: string;
  /** Of a document that the rules do not name, when its first version is lodged. */
  readonly title?: string;
  readonly mediaType: string;
  readonly for: DocumentOwner;
  /** Under which the check of the officer's identity, or the PMA's direction, is filed. */
  readonly reference?: string;
}

/** A version as it lies in the repository; it never changes. */
export interface DocumentVersion {
  readonly document: string;
  readonly version: string;
  readonly title: string;
  readonly mediaType: string;
  readonly octets: number;
  /** In hexadecimal; the act of its lodging has it too. */
  readonly sha256: string;
  readonly lodgedAt: Date;
  readonly lodgedFor: DocumentOwner;
}

/** A lodging that is in order. */
export interface CheckedLodging extends Omit<Lodging, "mediaType"> {
  readonly type: DocumentType;
  /** By the rules, or as it was given. */
  readonly title: string;
}

const nameForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const versionForm = /^(?:0|[1-9]\d{0,3})(?:\.(?:0|[1-9]\d{0,3})){0,3}$/;
const longestName = 80;
const longestText = 200;

/** The name in addresses of a document of the rules. */
export const nameOfTitle = (title: string): string => title.toLowerCase().replaceAll(" ", "-");

/** Whether text has the form of a document's name and of a version. Of any other there is none. */
export const isDocumentReference = (document: string, version: string): boolean =>
  document.length <= longestName && nameForm.test(document) && versionForm.test(version);

/**
 * Refuses what could not be right, naming the field. A document that the rules do not name is there because the PMA
 * directed it, and what comes from the PMA or the Code Administrator comes through an officer whose identity was
 * checked: both have a reference.
 *
 * @param known - titles of the documents that the rules name (SEC L5.1)
 * @throws SmkiError DOCUMENT_INVALID
 */
export function checkLodging(lodging: Lodging, known: readonly string[]): CheckedLodging {
  const { document, version, mediaType, reference, ...rest } = lodging;
  if (document.length > longestName || !nameForm.test(document))
    throw invalid("document", "small letters, digits and single hyphens, 80 at the most");
  if (!versionForm.test(version)) throw invalid("version", "numbers with dots between, such as 2.0");
  const type = documentTypeOf(mediaType);
  if (type === undefined) throw invalid("mediaType", documentTypes.map((one) => one.mediaType).join(", "));
  const knownTitle = known.find((one) => nameOfTitle(one) === document);
  const title = knownTitle ?? lodging.title ?? "";
  for (const [field, text] of Object.entries({ title, reference: reference ?? "" }))
    if (text.length > longestText || /[\p{Cc}\p{Cs}]/u.test(text))
      throw invalid(field, "up to 200 characters, none of them a control character");
  const isReferenced = reference !== undefined && reference.trim() !== "";
  if (!isReferenced && lodging.for !== "dcc")
    throw invalid("reference", "of the Service Desk's check of the officer's identity");
  if (!isReferenced && knownTitle === undefined) throw invalid("reference", "of the PMA's direction");
  return { ...rest, document, version, title, type, ...(isReferenced ? { reference } : {}) };
}

export const invalid = (field: string, expected: string): SmkiError =>
  new SmkiError("DOCUMENT_INVALID", { field, expected });

/** The name under which a version is saved. */
export function fileNameOf({
  document,
  version,
  mediaType,
}: Pick<DocumentVersion, "document" | "version" | "mediaType">): string {
  return `${document}-${version}.${documentTypeOf(mediaType)?.extension ?? "bin"}`;
}
