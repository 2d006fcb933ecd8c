export { assembleCrl, buildTbsCrl, type CrlFields } from "./build.ts";
export type { RevokedCertificate } from "./encode-entries.ts";
export { type CertificateList, type CrlEntry, crlOctetLimit, parseCrl } from "./parse.ts";
export { readCrlFields } from "./read-fields.ts";
export { type RevocationReason, reasonCodes } from "./reason.ts";
export { verifyCrlSignature } from "./verify.ts";
