import { hash } from "node:crypto";
import Type, { type Static } from "typebox";
import Value from "typebox/value";
import { SmkiError } from "../../errors/smki-error.ts";

/** The form that this release writes and reads. */
const manifestVersion = 1;
export const manifestName = "manifest.json";
/** More than any manifest has, in octets. */
export const longestManifest = 4_000_000;
/** More files than any extract has: a part of each kind for each million rows. */
const mostFiles = 10_000;

/** What the files of an extract hold. */
export const rowKinds = ["certificates", "revocations", "not-in-use", "lists"] as const;
export type RowKind = (typeof rowKinds)[number];
/** The name of a part. @param part - counted from 1, for each kind by itself */
export const fileNameOf = (rows: RowKind, part: number): string =>
  `${rows}-${String(part).padStart(4, "0")}.csv.zst`;

/** The kinds of certificate in an extract: all but those of the IKI's holders, which name persons. */
export const extractedKinds = ["authority", "device", "organisation"] as const;

export const nameForm = /^(full|delta)-\d{4}-\d{2}-\d{2}-\d{12,16}$/;

const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const digest = Type.String({ pattern: "^[0-9a-f]{64}$" });

export const rowKindSchema = Type.Union([
  Type.Literal("certificates"),
  Type.Literal("revocations"),
  Type.Literal("not-in-use"),
  Type.Literal("lists"),
]);

export const fileSchema = Type.Object(
  {
    rows: rowKindSchema,
    name: Type.String(),
    /** Rows, the line of headings not counted. */
    count,
    /** Of the file as it lies there. */
    octets: count,
    sha256: digest,
  },
  { additionalProperties: false },
);

const manifestSchema = Type.Object(
  {
    format: Type.Literal("opensmki-extract"),
    version: Type.Literal(manifestVersion),
    name: Type.String({ pattern: nameForm.source }),
    kind: Type.Union([Type.Literal("full"), Type.Literal("delta")]),
    /** When its making began: of the clock, and covered by no signature. */
    madeAt: Type.String({ pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$` }),
    /** The kinds of certificate in it. */
    kinds: Type.Array(Type.String()),
    /** It tells of the leaves from this one on: 0 for a full one, the size of the one before for a delta. */
    fromSize: count,
    /** The signed checkpoint up to which it tells, a C2SP note. */
    checkpoint: Type.String({ maxLength: 100_000 }),
    /** Leaves that the checkpoint covers. */
    size: count,
    files: Type.Array(fileSchema, { minItems: rowKinds.length, maxItems: mostFiles }),
  },
  { additionalProperties: false },
);

/** What an extract is, and what its files hold. */
export type Manifest = Static<typeof manifestSchema>;
export type ManifestFile = Manifest["files"][number];

/** The octets of manifest.json. */
export const formatManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`;

export const digestOfManifest = (text: string): string => hash("sha256", text, "hex");

/**
 * Reads a manifest.
 *
 * @throws SmkiError EXTRACT_MANIFEST_MALFORMED
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed("not JSON", cause);
  }
  if (!Value.Check(manifestSchema, value)) {
    const [first] = Value.Errors(manifestSchema, value);
    throw malformed(first === undefined ? "not its form" : `${first.instancePath || "/"} ${first.message}`);
  }
  if (rowKinds.some((kind) => !areParts(kind, value.files)))
    throw malformed("not the parts of each kind of row, by their names, in order");
  if (value.kinds.join() !== extractedKinds.join()) throw malformed("other kinds of certificate");
  if (value.kind === "full" ? value.fromSize !== 0 : value.fromSize > value.size)
    throw malformed("fromSize is none that it can have");
  if (value.name !== nameOf(value.kind, dateOf(value.name), value.size))
    throw malformed("its name says something else");
  return value;
}

/** Whether the files of a kind are its parts from the first on; there is one at least, and one of lists. */
function areParts(kind: RowKind, files: readonly ManifestFile[]): boolean {
  const names = files.filter(({ rows }) => rows === kind).map(({ name }) => name);
  const right = names.every((name, index) => name === fileNameOf(kind, index + 1));
  return right && (kind === "lists" ? names.length === 1 : names.length > 0);
}

/** The name of an extract and of its folder: kind, the day in Great Britain, leaves under its checkpoint. */
export const nameOf = (kind: Manifest["kind"], date: string, size: number): string =>
  `${kind}-${date}-${String(size).padStart(12, "0")}`;

const dateOf = (name: string): string => /\d{4}-\d{2}-\d{2}/.exec(name)?.[0] ?? "";

const malformed = (reason: string, cause?: unknown): SmkiError =>
  new SmkiError("EXTRACT_MANIFEST_MALFORMED", { reason: reason.slice(0, 300) }, { cause });
