import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { SmkiError } from "../../errors/smki-error.ts";
import { withLock } from "../../keys/encrypted-file/lock-file.ts";
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
export function serverTls(estate: Pick<Estate, "settings" | "paths" | "clock">): ServerTls {
  const { settings, paths, clock } = estate;
  const files = tlsFiles(estate);
  if (settings.web.tls.certificateFile !== undefined) return readTls(...files);
  if (settings.environment === "live") throw new SmkiError("TLS_FILES_NEEDED");
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

/**
 * As {@link serverTls}, at the start of a web process. Several may start at once on a folder that they share: one makes the
 * certificate, and the others wait for it, so that no certificate of one lies beside the key of another.
 */
export async function firstServerTls(
  estate: Pick<Estate, "settings" | "paths" | "clock">,
): Promise<ServerTls> {
  const { settings, paths } = estate;
  if (settings.web.tls.certificateFile !== undefined || settings.environment === "live")
    return serverTls(estate);
  return withLock(paths.tls, async () => serverTls(estate));
}

function tlsFiles({ settings, paths }: Pick<Estate, "settings" | "paths">): readonly [string, string] {
  const { certificateFile, keyFile } = settings.web.tls;
  return certificateFile !== undefined && keyFile !== undefined
    ? [certificateFile, keyFile]
    : [join(paths.tls, "server.pem"), join(paths.tls, "server.key")];
}

/** How long a renewed certificate may go unseen: it is renewed days before the old one ends. */
const lookEvery = 5_000;

/**
 * Follows the files of the server's certificate until `stop`, so that a renewal needs no restart. Certificate and
 * key are replaced one after the other: what does not fit together yet is told once and passed over, and the
 * service goes on with what it has.
 */
export async function followServerTls(
  estate: Pick<Estate, "settings" | "paths">,
  known: ServerTls,
  stop: AbortSignal,
  on: { readonly onChange: (tls: ServerTls) => void; readonly onFailure: (error: unknown) => void },
  interval = lookEvery,
): Promise<void> {
  let current = known;
  let told: string | undefined;
  while (!stop.aborted) {
    await sleep(interval, undefined, { signal: stop, ref: false }).catch(() => undefined);
    try {
      const now = readTls(...tlsFiles(estate));
      if (now.cert !== current.cert || now.key !== current.key) on.onChange(now);
      current = now;
      told = undefined;
    } catch (error) {
      const reason = String((error as Error).cause);
      if (reason !== told) on.onFailure(error);
      told = reason;
    }
  }
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
    requireRsa(new X509Certificate(tls.cert));
    return tls;
  } catch (cause) {
    throw new SmkiError("TLS_FILES_UNUSABLE", { certificateFile, keyFile }, { cause });
  }
}

/** With any other key no client could connect by TLS 1.2: all published suites are of RSA (SEC Appendix M, appendix G). */
function requireRsa({ publicKey }: X509Certificate): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type !== "rsa" || (details?.modulusLength ?? 0) < 2048)
    throw new Error(`an RSA key of 2048 bits is needed, not ${String(type)}`);
}
