/** The bits of KeyUsage in their order (RFC 5280 4.2.1.3): the index is the bit number. */
export const keyUsageBits = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** One bit of KeyUsage. */
export type KeyUsageBit = (typeof keyUsageBits)[number];

/** What the key of a Device or Organisation Certificate is for: exactly one of two (GBCS 12). */
export type KeyUsage = "digitalSignature" | "keyAgreement";
