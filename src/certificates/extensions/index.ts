export * from "./basic-constraints.ts";
export * from "./certificate-policies.ts";
export * from "./hardware-module-name.ts";
export * from "./key-identifiers.ts";
export * from "./key-usage.ts";
export * from "./wrapped-apex-contingency-key.ts";
