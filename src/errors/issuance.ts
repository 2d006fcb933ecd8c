import { errorEntries } from "./entry.ts";

export const issuanceErrors = errorEntries({});
