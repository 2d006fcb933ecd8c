import { errorEntries } from "./entry.ts";

export const settingsErrors = errorEntries({});
