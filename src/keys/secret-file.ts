import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";

const CREDENTIAL = "credential:";
const CREDENTIAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/u;
/** A passphrase or PIN is short; anything longer is another file named by mistake. */
const LARGEST = 4096;
const GROUP_AND_OTHERS = 0o077;
/**
 * systemd lets a service user read a credential by an access control list. The list's mask then shows as the group's
 * read bit (0440) although no group may read the file, so that one bit is allowed there.
 */
const GROUP_AND_OTHERS_BUT_ACL_MASK = 0o037;

/**
 * Reads a passphrase or PIN. Secrets come from a file or a systemd credential, never from an argument or a variable,
 * which other users of the machine can list.
 *
 * @param path - a file, or `credential:NAME` for `$CREDENTIALS_DIRECTORY/NAME` (systemd.exec(5), LoadCredential=)
 * @param variables - where CREDENTIALS_DIRECTORY is looked up
 * @returns the text without one trailing line end
 * @throws SmkiError KEY_FILE_MODE_LOOSE, KEY_SECRET_FILE_UNREADABLE
 */
export async function readSecretFile(
  path: string,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const isCredential = path.startsWith(CREDENTIAL);
  const file = isCredential ? credentialFile(path.slice(CREDENTIAL.length), variables) : path;
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a named pipe would keep the service waiting for ever.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readFrom(handle, file, isCredential ? GROUP_AND_OTHERS_BUT_ACL_MASK : GROUP_AND_OTHERS);
  } catch (error) {
    if (isSmkiError(error)) throw error;
    throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", { file, reason: systemCode(error) }, { cause: error });
  } finally {
    await handle?.close();
  }
}

async function readFrom(handle: FileHandle, file: string, refused: number): Promise<string> {
  // The mode is asked of the open file, so that it cannot be exchanged between the check and the reading.
  const status = await handle.stat();
  if (!status.isFile())
    throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", { file, reason: "not a regular file" });
  requireTightMode(status.mode, file, refused);
  if (status.size > LARGEST) throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", { file, reason: "too large" });
  const octets = await handle.readFile();
  const text = new TextDecoder("utf-8", { fatal: true }).decode(octets);
  octets.fill(0);
  return text.replace(/\r?\n$/u, "");
}

/** @throws SmkiError KEY_FILE_MODE_LOOSE when the mode grants anything of `refused` */
export function requireTightMode(mode: number, file: string, refused = GROUP_AND_OTHERS): void {
  if ((mode & refused) === 0) return;
  throw new SmkiError("KEY_FILE_MODE_LOOSE", { file, mode: (mode & 0o777).toString(8).padStart(4, "0") });
}

function credentialFile(name: string, variables: Readonly<Record<string, string | undefined>>): string {
  // A name with a slash or leading dot could leave the folder.
  if (!CREDENTIAL_NAME.test(name))
    throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", { credential: name, reason: "not a credential name" });
  const folder = variables["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || folder === "")
    throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", {
      credential: name,
      reason: "CREDENTIALS_DIRECTORY is not set",
    });
  return join(folder, name);
}

/** The operating system's code of a failure (`ENOENT`), which names no content; for messages. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "unknown";
}
