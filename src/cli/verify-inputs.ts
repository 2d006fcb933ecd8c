import type { CertificateList } from "../certificates/index.ts";
import { type Bundle, bundleOctetLimit, type Certificate, decodeBundleFile } from "../certificates/index.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { readBoundedFile } from "./bounded-file.ts";

/** A certificate, and where it was read. */
export interface FiledCertificate {
  /** The file, with the certificate's place in it where it holds several: `bundle.pem #2`. */
  readonly file: string;
  readonly certificate: Certificate;
}

/** A list, and where it was read. */
export interface FiledList {
  readonly file: string;
  readonly list: CertificateList;
}

/** Everything that the person gave. */
export interface VerifyInputs {
  readonly certificates: readonly FiledCertificate[];
  readonly roots: readonly FiledCertificate[];
  readonly lists: readonly FiledList[];
}

/** A file that cannot be read, and why. */
export interface Unreadable {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Octets of all files together: two of the largest lists, and every certificate that goes with them. */
const totalLimit = 2 * bundleOctetLimit;

/**
 * Reads every file that was named; each may hold certificates and lists.
 *
 * @returns the files that cannot be read, when there are any: nothing is judged then, since what they hold may be what
 *   decides
 */
export function readInputs(
  files: readonly string[],
  rootFiles: readonly string[],
  listFiles: readonly string[],
): VerifyInputs | readonly Unreadable[] {
  const unreadable: Unreadable[] = [];
  let left = totalLimit;
  const read = (names: readonly string[], must: "hold anything" | "hold certificates" | "hold lists") =>
    names.flatMap((file) => {
      try {
        const bundle = readBundle(file, left);
        left -= bundle.octets;
        if (must === "hold certificates" && bundle.certificates.length === 0)
          throw new SmkiError("CERTIFICATE_FILE_INVALID", { certificates: 0 });
        if (must === "hold lists" && bundle.lists.length === 0)
          throw new SmkiError("BUNDLE_FILE_INVALID", { lists: 0 });
        return [{ file, ...bundle }];
      } catch (error) {
        if (!isSmkiError(error)) throw error;
        const { code, message, remedy } = error;
        unreadable.push({ file, code, message, remedy });
        return [];
      }
    });
  const given = read(files, "hold anything");
  const roots = read(rootFiles, "hold certificates");
  const lists = read(listFiles, "hold lists");
  if (unreadable.length > 0) return unreadable;
  return {
    certificates: [...given, ...lists].flatMap(certificatesOf),
    roots: roots.flatMap(certificatesOf),
    lists: [...given, ...roots, ...lists].flatMap(listsOf),
  };
}

interface ReadBundle extends Bundle {
  readonly file: string;
}

function readBundle(file: string, left: number): Bundle & { octets: number } {
  const octets = readBoundedFile(file, Math.min(left, bundleOctetLimit));
  return { ...decodeBundleFile(octets), octets: octets.length };
}

function certificatesOf({ file, certificates }: ReadBundle): FiledCertificate[] {
  return placed(file, certificates).map(([place, certificate]) => ({ file: place, certificate }));
}

function listsOf({ file, lists }: ReadBundle): FiledList[] {
  return placed(file, lists).map(([place, list]) => ({ file: place, list }));
}

function placed<Part>(file: string, parts: readonly Part[]): [string, Part][] {
  return parts.map((part, index) => [parts.length === 1 ? file : `${file} #${String(index + 1)}`, part]);
}
