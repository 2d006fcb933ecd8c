import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

/** The part of yauzl that is used here; the package brings no types. */
interface ZipReader {
  fromBufferPromise(octets: Buffer): Promise<{
    eachEntry(): AsyncIterable<{ readonly fileName: string }>;
    openReadStreamPromise(entry: { readonly fileName: string }): Promise<Readable>;
  }>;
}

const require = createRequire(import.meta.url);
const zipReader = require("yauzl") as ZipReader;

/** Every file of a ZIP by its path, in their order; unsafe paths are refused by the reader. */
export async function readZip(octets: Buffer): Promise<Map<string, string>> {
  const zip = await zipReader.fromBufferPromise(octets);
  const files = new Map<string, string>();
  for await (const entry of zip.eachEntry())
    files.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
  return files;
}
