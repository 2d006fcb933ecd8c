import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import ssh from "ssh2";
import { SmkiError } from "../../errors/smki-error.ts";

/** The key by which the file transfer shows that it is itself. */
export interface HostKey {
  /** In OpenSSH's form. */
  readonly privateKey: string;
  /** As `ssh-keygen -l` has it; users compare it at their first connection. */
  readonly fingerprint: string;
}

/**
 * The host key of a file, which is made where there is none: Ed25519.
 *
 * @throws SmkiError EXTRACT_HOST_KEY_UNUSABLE
 */
export async function hostKey(file: string): Promise<HostKey> {
  try {
    const privateKey = (await read(file)) ?? (await make(file));
    const parsed = ssh.utils.parseKey(privateKey);
    if (parsed instanceof Error || Array.isArray(parsed) || !parsed.isPrivateKey())
      throw new Error("not one private key");
    const digest = createHash("sha256").update(parsed.getPublicSSH()).digest("base64");
    return { privateKey, fingerprint: `SHA256:${digest.replace(/=+$/, "")}` };
  } catch (cause) {
    const { message } = cause as Error;
    throw new SmkiError("EXTRACT_HOST_KEY_UNUSABLE", { file, reason: message }, { cause });
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new Error("others may read it");
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Two processes that start at once agree on one: a link is made, or is there. A crash leaves no half of a key. */
async function make(file: string): Promise<string> {
  const temporary = `${file}.${randomUUID()}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(newKey());
    await handle.sync();
  } finally {
    await handle.close();
  }
  await link(temporary, file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  await rm(temporary, { force: true });
  return readFile(file, "utf8");
}

function newKey(): string {
  for (;;) {
    const { private: key } = ssh.utils.generateKeyPairSync("ed25519", { comment: "smki file transfer" });
    // It writes some keys, of a certain first octet, in a form that nobody reads.
    if (!(ssh.utils.parseKey(key) instanceof Error)) return key;
  }
}
