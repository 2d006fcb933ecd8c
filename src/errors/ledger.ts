import { errorEntries } from "./entry.ts";

export const ledgerErrors = errorEntries({});
