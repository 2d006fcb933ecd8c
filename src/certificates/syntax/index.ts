export * from "./algorithm-identifier.ts";
export type * from "./certificate.ts";
export * from "./extension.ts";
export * from "./name.ts";
export * from "./parse-certificate.ts";
