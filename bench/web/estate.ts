import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Estate } from "../../src/app/estate/estate.ts";
import { serverAuthorityFile } from "../../src/app/processes/server-certificate.ts";
import type { PartyRegistration } from "../../src/registration/party.ts";
import { approveSubscriber, registerParty } from "../../src/registration/registration.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";

/** The CA of the web process's own server certificate, PEM. */
export const serverCa = (estate: Estate): string =>
  readFileSync(serverAuthorityFile(join(estate.settings.dataFolder, "tls")), "utf8");

/** The Party that has Devices in the inventory, and asks for replacements. */
export const supplierName = "Bench Supply Ltd";

/** Registers a supplier that may have Device Certificates: the ad hoc service is for such. @returns its name */
export async function registerSupplier(
  { database, clock }: Estate,
  { operator }: BenchEstate,
): Promise<string> {
  const supplier: PartyRegistration = {
    ...{ name: supplierName, categories: ["large-supplier"] },
    ...{ roles: [], identifiers: [], ranges: [] },
  };
  await database.transaction(async (tx) => {
    const id = await registerParty(tx, operator, supplier, clock());
    await approveSubscriber(tx, operator, id, "device", clock());
  });
  return supplier.name;
}
