import type { CrlRule } from "./crl-rule.ts";

/** Extensions need version 2, and every list has extensions. */
export const crlVersion: CrlRule = {
  name: "crl-version",
  source: "RFC 5280 5.1.2.1",
  check: ({ version }) => (version === 2 ? undefined : `The version is ${String(version)}, not 2`),
};
