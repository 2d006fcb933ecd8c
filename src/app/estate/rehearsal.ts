import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CeremonyOrder } from "../../authorities/ceremony/ceremony-order.ts";
import { issuingDcaNumber, profileOfId } from "../../authorities/ceremony/hierarchy.ts";
import type { Sitting } from "../../authorities/ceremony/sitting.ts";
import { type OwnerLock, takeOwnerLock } from "../../database/embedded/owner-lock.ts";
import { startEmbeddedServer } from "../../database/embedded/server.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { KeyStore, Settings } from "../../settings/settings.ts";
import { type CeremonyFiles, fileCeremony } from "./ceremony-files.ts";
import { type CeremonyOptions, holdCeremonyIn } from "./ceremony-room.ts";
import { type Estate, openEstate } from "./estate.ts";
import { estatePaths } from "./paths.ts";

/**
 * Holds a ceremony as practice: the same code, names and terms, in a throw-away estate with a database and key stores
 * of its own, which is removed at the end. What one that was stopped left is removed first. The estate itself is not
 * opened; the marked record is kept in its folder, under `ceremonies/rehearsals/`, with the key that verifies it.
 *
 * @throws SmkiError REHEARSAL_UNDER_WAY, and what the ceremony throws
 */
export async function rehearse(
  settings: Settings,
  order: CeremonyOrder,
  sitting: Sitting,
  options: CeremonyOptions = {},
): Promise<CeremonyFiles> {
  const kept = join(estatePaths(settings.dataFolder).ceremonies, "rehearsals");
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(kept);
  const stage = join(kept, "estate");
  try {
    await clear(stage);
    const estate = await openEstate(onStage(settings, stage), {
      applicationName: "smki rehearsal",
      server: "start",
    });
    try {
      return await practise(estate, kept, order, sitting, options);
    } finally {
      await estate.close();
    }
  } finally {
    await rm(stage, { recursive: true, force: true });
    await lock.release();
  }
}

async function practise(
  estate: Estate,
  kept: string,
  order: CeremonyOrder,
  sitting: Sitting,
  options: CeremonyOptions,
): Promise<CeremonyFiles> {
  const practised = await prepare(estate, order, sitting);
  const { id } = await holdCeremonyIn(estate, practised, sitting, { ...options, rehearsal: true });
  const name = join(kept, `${estate.clock().toISOString().replace(/[:.]/g, "-")}-${order.purpose}`);
  copyFileSync(estate.paths.recordVerifierKey, `${name}-verifier-key.txt`);
  return fileCeremony(estate, id, { file: `${name}.txt`, html: `${name}.html`, pdf: `${name}.pdf` });
}

/**
 * Makes what a later ceremony works on: hierarchies, with as many Issuing DCAs as it needs and no more; the first CA of
 * its kind, revoked, to be replaced.
 *
 * @returns the order as it is for the throw-away estate
 */
async function prepare(estate: Estate, order: CeremonyOrder, sitting: Sitting): Promise<CeremonyOrder> {
  if (order.purpose === "found") return order;
  const { authorityId = "" } = order;
  const stockSize = authorityId.startsWith("issuing-dca/") ? issuingDcaNumber(authorityId) : 0;
  const issuingDca = { ...estate.settings.issuingDca, stockSize };
  const prepared = { ...estate, settings: { ...estate.settings, issuingDca } };
  await holdCeremonyIn(prepared, { purpose: "found" }, sitting, { rehearsal: true });
  if (order.purpose !== "replace") return order;
  const revoked = { authorityId: profileOfId(authorityId), reason: "unspecified" } as const;
  await holdCeremonyIn(prepared, { purpose: "revoke", ...revoked }, sitting, { rehearsal: true });
  return { ...order, authorityId: revoked.authorityId };
}

async function lockFolder(folder: string): Promise<OwnerLock> {
  try {
    return await takeOwnerLock(folder);
  } catch (error) {
    if (isSmkiError(error, "DATABASE_FOLDER_IN_USE"))
      throw new SmkiError("REHEARSAL_UNDER_WAY", { folder }, { cause: error });
    throw error;
  }
}

/** What a rehearsal that was stopped left: its database may still run, without its folder it would run for a while. */
async function clear(stage: string): Promise<void> {
  if (!existsSync(stage)) return;
  const server = await startEmbeddedServer({ dataFolder: stage }).catch(() => undefined);
  await server?.stop();
  await rm(stage, { recursive: true, force: true });
}

/** The settings with names, policies and terms as they are, and everything that is opened or written on the stage. */
function onStage(settings: Settings, stage: string): Settings {
  const { url: _, ...database } = settings.database;
  const store = (purpose: "operational" | "ceremony"): KeyStore => ({
    kind: "encrypted-file",
    file: join(stage, "keys", `${purpose}.keys`),
    passphraseFile: join(stage, "secrets", `${purpose}.passphrase`),
    environment: "test",
    purpose,
  });
  return {
    ...settings,
    environment: "test",
    dataFolder: stage,
    database,
    keys: { operational: store("operational"), ceremony: store("ceremony") },
  };
}
