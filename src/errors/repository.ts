import { errorEntries } from "./entry.ts";

export const repositoryErrors = errorEntries({});
