import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createKeyStore } from "../open.ts";
import type { Pkcs11Settings } from "../settings.ts";
import type { StoreFixture } from "./store-fixture.ts";

export interface TokenFixture extends StoreFixture {
  readonly folder: string;
  readonly tokens: string;
  readonly settings: Pkcs11Settings;
}

const PIN = "73910284";
const SO_PIN = "55500111";
const run = promisify(execFile);

const candidates = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/** The path of SoftHSM2's module; undefined where it or pkcs11js is not installed. */
export const softHsmModule = await findModule();

/** A folder of tokens of its own, named to the module by SOFTHSM2_CONF, with one initialised token. */
export async function makeToken(tokenLabel = "smki-operational"): Promise<TokenFixture> {
  const folder = await mkdtemp(join(tmpdir(), "smki-hsm-"));
  const tokens = join(folder, "tokens");
  await mkdir(tokens, { mode: 0o700 });
  const configuration = join(folder, "softhsm2.conf");
  await writeFile(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  // The module reads it at C_Initialize, so every test closes what it opened before the next begins.
  process.env["SOFTHSM2_CONF"] = configuration;
  await initialiseToken(tokenLabel);
  const pinFile = join(folder, "pin");
  await writeFile(pinFile, `${PIN}\n`, { mode: 0o600 });
  const settings = {
    kind: "pkcs11",
    module: softHsmModule ?? "",
    tokenLabel,
    pinFile,
    environment: "test",
    purpose: "operational",
  } as const;
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, tokens, settings, secrets: [PIN, SO_PIN], remove };
}

export async function makeTokenStore(): Promise<TokenFixture> {
  const token = await makeToken();
  await createKeyStore(token.settings);
  return token;
}

export async function initialiseToken(label: string): Promise<void> {
  await run("softhsm2-util", ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN]);
}

async function findModule(): Promise<string | undefined> {
  try {
    await import("pkcs11js");
    await run("softhsm2-util", ["--version"]);
  } catch {
    return undefined;
  }
  return candidates.find((path) => existsSync(path));
}
