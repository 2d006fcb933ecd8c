import { errorEntries } from "./entry.ts";

export const keyErrors = errorEntries({});
