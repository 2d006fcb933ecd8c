import { SmkiError } from "../errors/smki-error.ts";
import type { Act, ActValue } from "./act.ts";

/** An entry bundle leads each entry by its length in two octets (C2SP tlog-tiles, "Log entries"). */
export const maximumEntryOctets = 0xffff;

const formVersion = 1;
const maximumDepth = 8;
/** Printable ASCII without the two characters that JSON escapes. */
const plainText = /^[ !#-[\]-~]*$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of an act as a ledger entry: JSON in the one canonical form of RFC 8785 (names sorted, no
 * spaces), with integers only, the time in UTC with milliseconds, and the version of this form. The same
 * act gives the same bytes in every program and release, so that anyone can compute its leaf hash.
 *
 * @throws SmkiError LEDGER_ACT_INVALID, LEDGER_ACT_TOO_LARGE
 */
export function encodeAct(act: Act): Buffer {
  const at = act.at.getTime();
  // Years outside 0000 to 9999 have another ISO form, which no reader here takes back.
  if (!(at >= -62_167_219_200_000 && at <= 253_402_300_799_999)) throw invalid("at", "not a time");
  const json = [
    `{"at":"${act.at.toISOString()}"`,
    `"by":${encodeText(act.by, "by")}`,
    `"kind":${encodeText(act.kind, "kind")}`,
    `"subject":${encodeObject(act.subject, "subject", 1)}`,
    `"version":${String(formVersion)}}`,
  ].join(",");
  const entry = Buffer.from(json, "utf8");
  if (entry.length > maximumEntryOctets) {
    throw new SmkiError("LEDGER_ACT_TOO_LARGE", {
      kind: act.kind,
      octets: entry.length,
      maximum: maximumEntryOctets,
    });
  }
  return entry;
}

/**
 * Reads an entry back. Only the canonical form is accepted, so that there is no second text for an act.
 *
 * @throws SmkiError LEDGER_ENTRY_MALFORMED
 */
export function decodeAct(entry: Uint8Array): Act {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(entry));
  } catch (cause) {
    throw new SmkiError("LEDGER_ENTRY_MALFORMED", { reason: "not JSON in UTF-8" }, { cause });
  }
  if (!isActForm(value))
    throw new SmkiError("LEDGER_ENTRY_MALFORMED", { reason: "not an act of a known version" });
  const act: Act = { kind: value.kind, at: new Date(value.at), by: value.by, subject: value.subject };
  let again: Buffer;
  try {
    again = encodeAct(act);
  } catch (cause) {
    throw new SmkiError("LEDGER_ENTRY_MALFORMED", { reason: "a value that no act holds" }, { cause });
  }
  if (Buffer.compare(again, entry) !== 0) {
    throw new SmkiError("LEDGER_ENTRY_MALFORMED", { reason: "not in the canonical form" });
  }
  return act;
}

interface ActForm {
  readonly at: string;
  readonly by: string;
  readonly kind: string;
  readonly subject: { readonly [name: string]: ActValue };
  readonly version: typeof formVersion;
}

function isActForm(value: unknown): value is ActForm {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const form = value as Partial<Record<keyof ActForm, unknown>>;
  return (
    form.version === formVersion &&
    typeof form.at === "string" &&
    typeof form.by === "string" &&
    typeof form.kind === "string" &&
    typeof form.subject === "object" &&
    form.subject !== null &&
    !Array.isArray(form.subject)
  );
}

function encodeValue(value: ActValue, path: string, depth: number): string {
  if (typeof value === "string") return encodeText(value, path);
  if (typeof value === "number") {
    // A fraction has several texts in use, and beyond 2^53 two integers share one.
    if (!Number.isSafeInteger(value)) throw invalid(path, "a number that is not a safe integer");
    return String(value);
  }
  if (typeof value === "boolean" || value === null) return String(value);
  if (typeof value !== "object") throw invalid(path, `a value of type ${typeof value}`);
  if (depth >= maximumDepth) throw invalid(path, "nested too deeply");
  if (!isList(value)) return encodeObject(value, path, depth + 1);
  return `[${value.map((item, index) => encodeValue(item, `${path}[${String(index)}]`, depth + 1)).join(",")}]`;
}

function encodeObject(object: { readonly [name: string]: ActValue }, path: string, depth: number): string {
  // The default order is by UTF-16 code units, which is what RFC 8785 section 3.2.3 asks for.
  const names = Object.keys(object).sort();
  const members = names.map((name) => {
    const value = encodeValue(object[name] as ActValue, `${path}.${name}`, depth);
    return `${encodeText(name, path)}:${value}`;
  });
  return `{${members.join(",")}}`;
}

function encodeText(text: string, path: string): string {
  // Nearly all text of acts, without the general way's two passes.
  if (typeof text === "string" && plainText.test(text)) return `"${text}"`;
  if (typeof text !== "string" || !text.isWellFormed()) throw invalid(path, "not well-formed text");
  return JSON.stringify(text);
}

function isList(value: object): value is readonly ActValue[] {
  return Array.isArray(value);
}

function invalid(path: string, reason: string): SmkiError {
  return new SmkiError("LEDGER_ACT_INVALID", { path, reason });
}
