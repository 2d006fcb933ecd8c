export { assembleCrl, buildTbsCrl, buildTbsCrlOfEntries, type CrlFields, type CrlHead } from "./build.ts";
export { type RevokedCertificate, RevokedEntryWriter } from "./encode-entries.ts";
export {
  type CertificateList,
  type CrlEntry,
  crlOctetLimit,
  parseCrl,
  parseTbsCrl,
  parseTbsCrlInParts,
  type ToBeSignedList,
  withSignature,
} from "./parse.ts";
export { readCrlFields } from "./read-fields.ts";
export { type RevocationReason, reasonCodes } from "./reason.ts";
export { verifyCrlSignature } from "./verify.ts";
