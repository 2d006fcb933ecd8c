import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodePem } from "../../src/certificates/index.ts";

/**
 * Verifies certificates with `openssl verify -x509_strict`.
 *
 * @returns how many OpenSSL said OK of; none where there is no `openssl`
 */
export async function verifyWithOpenssl(
  certificates: readonly Buffer[],
  root: Buffer,
  issuing: readonly Buffer[],
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "smki-bench-verify-"));
  try {
    const write = async (name: string, pem: string): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, pem);
      return file;
    };
    const trust = ["-CAfile", await write("root.pem", encodePem(root))];
    const untrusted = ["-untrusted", await write("issuing.pem", issuing.map(encodePem).join(""))];
    const files = await Promise.all(
      certificates.map((der, index) => write(`${String(index)}.pem`, encodePem(der))),
    );
    const { stdout } = await promisify(execFile)("openssl", [
      ...["verify", "-x509_strict", ...trust, ...untrusted],
      ...files,
    ]).catch((error: unknown) => ({ stdout: "", ...(error as { stdout?: string }) }));
    return stdout.split("\n").filter((line) => line.endsWith(": OK")).length;
  } finally {
    await rm(folder, { recursive: true });
  }
}
