export * from "./build.ts";
export type * from "./certificate-fields.ts";
export { extensionValue, profileOf } from "./profile-of.ts";
export * from "./profile-rules.ts";
export * from "./read-fields.ts";
