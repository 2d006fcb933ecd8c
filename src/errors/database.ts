import { errorEntries } from "./entry.ts";

export const databaseErrors = errorEntries({});
