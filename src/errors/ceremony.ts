import { errorEntries } from "./entry.ts";

export const ceremonyErrors = errorEntries({
  CEREMONY_WITNESSES_NEEDED: {
    what: "A ceremony needs more witnesses, each a different person",
    remedy: 'Name each with `--witness "NAME"`; no person counts twice.',
    status: 422,
  },
  HIERARCHY_EXISTS: {
    what: "This data folder has its key hierarchies already",
    remedy:
      "Extend them (`smki ceremony stock`, `smki ceremony arl`), or use another data folder with `--data`.",
    status: 409,
  },
  HIERARCHY_MISSING: {
    what: "There is no key hierarchy in this data folder yet",
    remedy: 'Run `smki ceremony found --witness "NAME" --witness "NAME"` first.',
    status: 409,
  },
  RELEASE_NOT_POSSIBLE: {
    what: "So many Issuing DCAs are not in stock",
    remedy: "See the stock with `smki authority list`; make more with `smki ceremony stock`.",
    status: 409,
  },
});
