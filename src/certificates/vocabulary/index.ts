export * from "./eui64.ts";
export * from "./key-identifier.ts";
export * from "./key-usage.ts";
export * from "./object-identifiers.ts";
export * from "./remote-party-role.ts";
export * from "./serial-number.ts";
