/**
 * Batch files of the SMKI Portal (SEC Appendix M, Appendix F): the ZIP of CSRs that comes in, the ZIP of certificates and
 * the text record that go out.
 *
 * @packageDocumentation
 */
export { archiveLimits } from "./archive-limits.ts";
export { type CsrFile, readCsrArchive } from "./read-csr-archive.ts";
export {
  type CertificateFile,
  certificateArchive,
  certificateFileName,
  responseArchive,
  responseName,
} from "./response-archive.ts";
export {
  type RecordLine,
  readTextRecord,
  recordStatus,
  writeTextRecord,
} from "./text-record.ts";
export { zipInFile } from "./zip-in-file.ts";
export { zipInMemory } from "./zip-source.ts";
