/** What tests of later duties look at in the authorities' own tables. */
export { type RecordedIntent, selectOpenIntents } from "./issuing/intent-store.ts";
export { lockListOf } from "./revocation/list-store.ts";
