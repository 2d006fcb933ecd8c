/** One entry of the error catalogue. */
export interface ErrorEntry {
  /** What happened, one sentence without a final stop, in the words of the field. */
  readonly what: string;
  /** What the person should do next, one sentence or two. */
  readonly remedy: string;
  /** The HTTP status that the JSON API answers with; 500 where a client cannot cause it. */
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 431 | 500 | 503;
}

/** Types a part of the catalogue without widening its keys. */
export function errorEntries<const Entries extends Record<string, ErrorEntry>>(entries: Entries): Entries {
  return entries;
}
