import { realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { PKCS11 } from "pkcs11js";
import { SmkiError } from "../../errors/smki-error.ts";
import { systemCode } from "../secret-file.ts";
import { CKF, CKR } from "./cryptoki.ts";
import { returnValue } from "./failure.ts";

/** A loaded and initialised module, shared by every store of this process that uses it. */
export interface Pkcs11Module {
  readonly path: string;
  readonly cryptoki: PKCS11;
  /** Gives it back; the last to do so finalises the module. */
  release(): void;
}

interface Loaded {
  readonly cryptoki: PKCS11;
  readonly isOurs: boolean;
  users: number;
}

/** C_Initialize may be called once a process (PKCS #11 section 5.4), though two tokens may be in use. */
const loaded = new Map<string, Loaded>();

/**
 * Loads a PKCS #11 module, or shares the one that is loaded.
 *
 * @param path - absolute path of the shared library
 * @throws SmkiError KEY_MODULE_NOT_FOUND; KEY_STORE_UNAVAILABLE when the optional package pkcs11js is missing
 */
export async function useModule(path: string): Promise<Pkcs11Module> {
  // A bare name would be searched for along a path that the environment sets.
  if (!isAbsolute(path))
    throw new SmkiError("KEY_MODULE_NOT_FOUND", { module: path, reason: "not an absolute path" });
  const library = await importPkcs11js();
  const real = await realpath(path).catch((error: unknown) => {
    throw new SmkiError(
      "KEY_MODULE_NOT_FOUND",
      { module: path, reason: systemCode(error) },
      { cause: error },
    );
  });
  // No await between the look-up and the entry: two openings at once initialise once.
  const entry = loaded.get(real) ?? initialise(library, real);
  loaded.set(real, entry);
  entry.users += 1;
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    entry.users -= 1;
    if (entry.users > 0) return;
    loaded.delete(real);
    if (entry.isOurs) finalise(entry.cryptoki);
    // Not unloaded: modules leave exit handlers and thread state behind, and a process uses one or two at most.
  };
  return { path: real, cryptoki: entry.cryptoki, release };
}

function initialise(library: typeof import("pkcs11js"), path: string): Loaded {
  const cryptoki = new library.PKCS11();
  try {
    cryptoki.load(path);
  } catch (error) {
    throw new SmkiError(
      "KEY_MODULE_NOT_FOUND",
      { module: path, reason: "not a PKCS #11 library" },
      { cause: error },
    );
  }
  try {
    // Without this flag a module need not lock, and signing on several threads never returned in trials.
    cryptoki.C_Initialize({ flags: CKF.OS_LOCKING_OK });
    return { cryptoki, isOurs: true, users: 0 };
  } catch (error) {
    // Another thread of this process has initialised it; whoever did also finalises it.
    if (returnValue(error) === CKR.CRYPTOKI_ALREADY_INITIALIZED) return { cryptoki, isOurs: false, users: 0 };
    const reason = returnValue(error) === undefined ? "C_Initialize failed" : (error as Error).message;
    throw new SmkiError("KEY_STORE_UNAVAILABLE", { module: path, reason }, { cause: error });
  }
}

function finalise(cryptoki: PKCS11): void {
  try {
    cryptoki.C_Finalize();
  } catch {
    // A module that cannot end is in no use any more; its failure must not hide why it was given back.
  }
}

async function importPkcs11js(): Promise<typeof import("pkcs11js")> {
  try {
    return (await import("pkcs11js")).default;
  } catch (error) {
    const reason =
      "the optional package pkcs11js is not installed: install a C++ compiler and run npm ci again";
    throw new SmkiError("KEY_STORE_UNAVAILABLE", { reason }, { cause: error });
  }
}
