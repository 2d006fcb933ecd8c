import { errorEntries } from "./entry.ts";

export const certificateErrors = errorEntries({});
