import { PassThrough, Readable } from "node:stream";
import { ZipFile } from "yazl";
import { encodePem } from "../../../certificates/index.ts";
import { writeStoredZip } from "./stored-zip.ts";
import { type RecordForm, type RecordLine, writeTextRecord } from "./text-record.ts";

/** A certificate of a batch, and the file that it goes into. */
export interface CertificateFile {
  /** The name of the CSR's file, or the CSR's ID where it came in a message. */
  readonly clientId: string;
  /** DER. */
  readonly certificate: Uint8Array;
}

/**
 * What a `.crt` file holds. Appendix M says "Base64 encoded X.509": `pem` is what tools read and write by that name,
 * `base64` the same in one line without the lines around it.
 */
export type CertificateForm = "pem" | "base64";

/** Of the outer ZIP. The least moment that a ZIP can carry: equal batches give equal octets. */
const entryOptions = {
  mtime: new Date(1980, 0, 1),
  forceDosTimestamp: true,
  mode: 0o100644,
  // Packed, if only a little: a reader of streams cannot find the end of a stored file of unknown length.
  compressionLevel: 1,
};

/** `meter1.csr` gives `meter1.crt`; an ID that is no file name gives its own name with the extension. */
export const certificateFileName = (clientId: string): string => `${clientId.replace(/\.csr$/i, "")}.crt`;

/** `batch.zip` gives `batch-response`, which the ZIP of the certificates and the text record are named after. */
export const responseName = (requestName: string): string => `${requestName.replace(/\.zip$/i, "")}-response`;

/**
 * Writes the ZIP of certificates piece by piece (SEC Appendix M, Appendix F): each in the root, under the name of its
 * CSR with the extension `crt`. Only names are in memory. An error of the certificates' source destroys the stream.
 *
 * @param certificates - of those CSRs that have one, each name once
 */
export function certificateArchive(
  certificates: AsyncIterable<CertificateFile> | Iterable<CertificateFile>,
  form: CertificateForm,
): Readable {
  return Readable.from(writeStoredZip(certificateFiles(certificates, form)), { objectMode: false });
}

async function* certificateFiles(
  certificates: AsyncIterable<CertificateFile> | Iterable<CertificateFile>,
  form: CertificateForm,
): AsyncGenerator<{ name: string; content: Buffer }> {
  for await (const { clientId, certificate } of certificates) {
    const text = form === "pem" ? encodePem(certificate) : `${Buffer.from(certificate).toString("base64")}\n`;
    yield { name: certificateFileName(clientId), content: Buffer.from(text) };
  }
}

/** What a response file is made of; each is asked for once, the record first. */
export interface ResponseContents {
  readonly record: () => AsyncIterable<RecordLine> | Iterable<RecordLine>;
  readonly certificates: () => AsyncIterable<CertificateFile> | Iterable<CertificateFile>;
}

/**
 * Writes the whole response in one file: a ZIP with the text record and the ZIP of certificates (Appendix F). Section
 * 2.3.1.9 of Appendix M has the same as two files to fetch: `writeTextRecord` and `certificateArchive`.
 *
 * @param requestName - the name of the batch file
 */
export function responseArchive(
  requestName: string,
  { record, certificates }: ResponseContents,
  forms: { readonly record: RecordForm; readonly certificate: CertificateForm },
): Readable {
  const name = responseName(requestName);
  const zip = new ZipFile();
  const output = new PassThrough();
  zip.on("error", (error: Error) => output.destroy(error));
  const parts = [
    [`${name}.txt`, () => Readable.from(writeTextRecord(record(), forms.record), { objectMode: false })],
    [`${name}.zip`, () => certificateArchive(certificates(), forms.certificate)],
  ] as const;
  for (const [part, open] of parts)
    zip.addReadStreamLazy(part, entryOptions, (callback) => {
      const stream = open();
      // yazl listens to no errors of what it is given.
      stream.once("error", (error) => output.destroy(error));
      // Nobody reads any more: what is left of the source is let go.
      output.once("close", () => stream.destroy());
      callback(null, stream);
    });
  zip.end();
  zip.outputStream.pipe(output);
  return output;
}
