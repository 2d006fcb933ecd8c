import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { SmkiError } from "../../errors/smki-error.ts";
import { makeServerCertificate } from "../../web/tls/self-made-certificate.ts";
import type { Estate } from "../estate/estate.ts";

/** The server's TLS certificate chain and key, PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/** The CA of a self-made server certificate, for clients in test. */
export const serverAuthorityFile = (tlsFolder: string): string => join(tlsFolder, "server-ca.pem");

/**
 * The server's certificate: from the settings, or in test a self-made one that is kept in the data folder.
 *
 * @throws SmkiError TLS_FILES_NEEDED, TLS_FILES_UNUSABLE
 */
export function serverTls({ settings, paths, clock }: Estate): ServerTls {
  const { certificateFile, keyFile } = settings.web.tls;
  if (certificateFile !== undefined && keyFile !== undefined) return readTls(certificateFile, keyFile);
  if (settings.environment === "live") throw new SmkiError("TLS_FILES_NEEDED");
  const files = [join(paths.tls, "server.pem"), join(paths.tls, "server.key")] as const;
  if (!existsSync(files[1]) || isNearItsEnd(files[0], clock())) {
    const made = makeServerCertificate([...new Set(["127.0.0.1", "localhost", settings.web.host])], clock());
    mkdirSync(paths.tls, { recursive: true, mode: 0o700 });
    writeFileSync(serverAuthorityFile(paths.tls), made.authority);
    writeFileSync(files[0], made.certificate);
    // The key last: with it the set is complete, and a crash before it makes all three anew.
    writeFileSync(files[1], made.key, { mode: 0o600 });
  }
  return readTls(...files);
}

const month = 30 * 24 * 60 * 60 * 1000;

/** A certificate that we made ourselves is made anew at the start of the service, before it ends. */
function isNearItsEnd(certificateFile: string, now: Date): boolean {
  try {
    const { validTo } = new X509Certificate(readFileSync(certificateFile));
    return Date.parse(validTo) - now.getTime() < month;
  } catch {
    // Half written, or gone.
    return true;
  }
}

function readTls(certificateFile: string, keyFile: string): ServerTls {
  try {
    const tls = { cert: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    throw new SmkiError("TLS_FILES_UNUSABLE", { certificateFile, keyFile }, { cause });
  }
}
