import { createPrivateKey, X509Certificate } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { SmkiError } from "../../errors/smki-error.ts";

/** One certificate of a sample organisation with its key. Keys made for a demonstration; never others. */
export interface BundleEntry {
  /** The stem of its two files, for example `Z1-supplier-ds`. */
  readonly name: string;
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

/** Gives the entries of the bundle as they are now; an empty list says that there is no bundle. */
export type BundleSource = () => Promise<readonly BundleEntry[]>;

const folder = "org-crypto";

/** The least moment that a ZIP can carry: the same entries give the same octets whenever they are packed. */
const noMoment = new Date(1980, 0, 1);

/**
 * Packs the bundle of DCC Boxed: for each entry `org-crypto/cert/<name>.pem` and `org-crypto/key/<name>.key`.
 * Entries are stored in the order of their names, uncompressed, so that equal entries give equal octets with
 * every release of zlib.
 *
 * @throws SmkiError BOXED_BUNDLE_ENTRY_INVALID, naming the entry and never its key
 */
export async function packBundle(entries: readonly BundleEntry[]): Promise<Buffer> {
  const zip = new ZipFile();
  const inOrder = entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  for (const [index, entry] of inOrder.entries()) {
    requireUsable(entry, inOrder[index - 1]);
    const options = { mtime: noMoment, forceDosTimestamp: true, compress: false };
    zip.addBuffer(Buffer.from(entry.certificatePem), `${folder}/cert/${entry.name}.pem`, {
      ...options,
      mode: 0o100644,
    });
    zip.addBuffer(Buffer.from(entry.privateKeyPem), `${folder}/key/${entry.name}.key`, {
      ...options,
      mode: 0o100600,
    });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** A client takes no entry whose key is another's, and none must be unpacked outside its folder. */
function requireUsable({ name, certificatePem, privateKeyPem }: BundleEntry, previous?: BundleEntry): void {
  const refuse = (reason: string) =>
    new SmkiError("BOXED_BUNDLE_ENTRY_INVALID", { entry: name.slice(0, 80), reason });
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/.test(name)) throw refuse("name");
  if (previous?.name === name) throw refuse("name given twice");
  if (!isPair(certificatePem, privateKeyPem)) throw refuse("certificate and private key are not a pair");
}

function isPair(certificatePem: string, privateKeyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    // Whatever OpenSSL says of a key is not passed on.
    return false;
  }
}
