export * from "./import-public-key.ts";
export * from "./public-point.ts";
export * from "./subject-public-key-info.ts";
export * from "./verify-signature.ts";
