import { chmodSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { holdCeremonyIn } from "../../src/app/estate/ceremony-room.ts";
import { type Estate, openEstate } from "../../src/app/estate/estate.ts";
import { software } from "../../src/app/software.ts";
import { releaseStock } from "../../src/authorities/ceremony/release-stock.ts";
import { localOperator, type Principal } from "../../src/registration/principal.ts";
import { approveSubscriber, registerParty } from "../../src/registration/registration.ts";
import { loadSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { onExit } from "./leave-nothing.ts";
import { makeSoftToken } from "./soft-token.ts";

/** Where the operational keys of an estate live. */
export type SignerKind = "encrypted-file" | "softhsm2";

/** An estate in a folder of its own, founded, with one manufacturer who may ask for Device Certificates. */
export interface BenchEstate {
  readonly settings: Settings;
  readonly operator: Principal;
  readonly partyId: number;
  /** Starts its database. */
  open(): Promise<Estate>;
  /** Removes everything; the estate must be closed. */
  remove(): Promise<void>;
}

/** The Party that asks for Device Certificates. */
export const manufacturerName = "Bench Meters Ltd";

const witnesses = ["First Witness", "Second Witness"];

/** On the disk, never in memory; the system's folder for temporary files that outlive a boot is. */
const parentFolder = process.env["BENCH_FOLDER"] ?? "/var/tmp";

/** Founds an estate by a ceremony, as an operator would, and registers the manufacturer. */
export async function foundEstate(signer: SignerKind): Promise<BenchEstate> {
  const folder = mkdtempSync(join(parentFolder, "smki-bench-"));
  // PostgreSQL does not run as root; whoever it runs as must be able to pass through.
  chmodSync(folder, 0o711);
  const token = signer === "softhsm2" ? await makeSoftToken() : undefined;
  const removing = onExit(async () => {
    await token?.remove();
    await rm(folder, { recursive: true, force: true });
  });
  const settings = settingsFor(join(folder, "data"), token);
  const operator = localOperator("bench");
  const open = () => openEstate(settings, { applicationName: "bench", server: "start" });
  const estate = await open();
  try {
    const sitting = {
      witnesses,
      sampleWitnesses: true,
      operator: operator.name,
      software: software.nameAndVersion,
    };
    await holdCeremonyIn(estate, { purpose: "found" }, sitting);
    const partyId = await estate.database.transaction((tx) => register(tx, estate, operator));
    return { settings, operator, partyId, open, remove: removing.now };
  } finally {
    await estate.close();
  }
}

function settingsFor(
  dataFolder: string,
  token: { readonly module: string; readonly tokenLabel: string; readonly pinFile: string } | undefined,
): Settings {
  return loadSettings({
    env: { SMKI_ENVIRONMENT: "test" },
    overrides: {
      dataFolder,
      "issuingDca.stockSize": 4,
      "web.port": 0,
      "repositoryService.port": 0,
      "log.level": "warn",
      "batches.window": "always",
      ...(token === undefined
        ? {}
        : {
            "keys.operational.kind": "pkcs11",
            "keys.operational.module": token.module,
            "keys.operational.tokenLabel": token.tokenLabel,
            "keys.operational.pinFile": token.pinFile,
          }),
    },
  });
}

async function register(
  tx: Parameters<typeof registerParty>[0],
  { clock, rules }: Estate,
  operator: Principal,
): Promise<number> {
  const at = clock();
  const manufacturer = {
    ...{ name: manufacturerName, categories: ["manufacturer"] as const },
    ...{ roles: [], identifiers: [], ranges: [] },
  };
  const partyId = await registerParty(tx, operator, manufacturer, at);
  await approveSubscriber(tx, operator, partyId, "device", at);
  await releaseStock(tx, 4, witnesses, rules.stockReleasePersons.value, operator.name, at);
  return partyId;
}
