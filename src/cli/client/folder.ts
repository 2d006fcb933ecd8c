import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type DeviceRequest, decodeCertificateFile } from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readBoundedFile } from "../bounded-file.ts";
import { readCsrFile } from "./csr-file.ts";
import type { PlannedCsr } from "./journal.ts";
import { mismatchesOf, type PathCheckOf } from "./match-certificate.ts";

/** What lies in a folder of CSRs. */
export interface CsrFolder {
  /** Those that need a certificate. */
  readonly csrs: readonly PlannedCsr[];
  /** Those whose certificate lies beside them, by file. */
  readonly certified: ReadonlyMap<string, Buffer>;
  /** Those that cannot be sent, by file, and why. */
  readonly unusable: ReadonlyMap<string, SmkiError>;
}

/** A certificate has some 500 octets; octets of a file that holds one. */
const certificateLimit = 64 * 1024;

const extension = /\.(csr|der)$/i;

/** The file of the certificate of a CSR's file: `NAME.crt`. */
export const certificateFile = (csrFile: string): string => csrFile.replace(extension, ".crt");

/**
 * Reads the CSRs of a folder, one after the other; only names and hashes stay in memory.
 *
 * @param judge - whether a certificate's path holds, where the person gave authorities
 * @throws SmkiError FILE_UNREADABLE, CLIENT_FOLDER_EMPTY, CLIENT_NAMES_CLASH
 */
export function readFolder(folder: string, judge: PathCheckOf | undefined): CsrFolder {
  const found = {
    csrs: [] as PlannedCsr[],
    certified: new Map<string, Buffer>(),
    unusable: new Map<string, SmkiError>(),
  };
  const files = namesIn(folder);
  const keys = new Map<string, string>();
  for (const file of files) {
    try {
      const csr = readCsrFile(join(folder, file));
      const key = csr.request.publicKey.toString("latin1");
      const twin = keys.get(key);
      if (twin !== undefined) throw new SmkiError("KEY_TWICE_IN_BATCH", { file: twin });
      keys.set(key, file);
      const certificate = ownCertificate(join(folder, certificateFile(file)), csr.request, judge);
      if (certificate === undefined) found.csrs.push([file, csr.sha256]);
      else found.certified.set(file, certificate);
    } catch (error) {
      if (!isSmkiError(error)) throw error;
      found.unusable.set(file, error);
    }
  }
  return found;
}

/** In the order of their names, so that a batch is as its folder is. */
function namesIn(folder: string): string[] {
  const files = readNames(folder);
  if (files.length === 0) throw new SmkiError("CLIENT_FOLDER_EMPTY", { folder });
  const certificates = new Map<string, string>();
  for (const file of files) {
    const certificate = certificateFile(file);
    const other = certificates.get(certificate);
    if (other !== undefined) throw new SmkiError("CLIENT_NAMES_CLASH", { file, other });
    certificates.set(certificate, file);
  }
  return files;
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && extension.test(entry.name) && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    const { code: reason = "unknown" } = cause as NodeJS.ErrnoException;
    throw new SmkiError("FILE_UNREADABLE", { file: folder, reason }, { cause });
  }
}

/**
 * The certificate that lies beside a CSR.
 *
 * @throws SmkiError CLIENT_CERTIFICATE_OF_ANOTHER
 */
export function ownCertificate(
  path: string,
  request: DeviceRequest,
  judge?: PathCheckOf,
): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const [certificate] = decodeCertificateFile(readBoundedFile(path, certificateLimit));
    const mismatches = certificate === undefined ? ["none"] : mismatchesOf(request, certificate.der, judge);
    if (mismatches.length === 0) return certificate?.der;
    throw new SmkiError("CLIENT_CERTIFICATE_OF_ANOTHER", { file: path, reason: mismatches.join("; ") });
  } catch (cause) {
    if (!isSmkiError(cause) || cause.code === "CLIENT_CERTIFICATE_OF_ANOTHER") throw cause;
    throw new SmkiError("CLIENT_CERTIFICATE_OF_ANOTHER", { file: path, reason: cause.code }, { cause });
  }
}
