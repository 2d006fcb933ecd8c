import { eui64 } from "../../../certificates/index.ts";
import { type SampleParty, sampleManufacturer, sampleSupplier } from "../../demo/sample-parties.ts";
import { credentialOf, enrolParties, foundedEstate, type Identity, type UpService, up } from "./estates.ts";
import { clientOf, type HttpsClient } from "./https-client.ts";
import { cleanUp } from "./smki.ts";

/** Another supplier, for what is not its business; nobody by that name exists. */
export const otherSupplier: SampleParty = {
  ...sampleSupplier,
  name: "Other Supply Ltd",
  companyNumber: "00000004",
  signifier: "SMPO",
  identifiers: [eui64("70-b3-d5-1f-30-04-00-00")],
  officer: "Olive Other (sample)",
};

/** The sample supplier's EUI-64. */
export const supplierEui = "70b3d51f30010000";

/** A running service with enrolled Parties, and clients of it. */
export interface ApiService {
  readonly service: UpService;
  /** A client on one kept-alive connection; without an identity nobody's. */
  client(identity?: Identity): HttpsClient;
  /** A client of that Party's officer in that hat. */
  of(signifier: string, hat: "device" | "organisation"): HttpsClient;
  end(): Promise<void>;
}

/** Starts it: a manufacturer, a supplier and another supplier. */
export async function apiService(env: Readonly<Record<string, string>> = {}): Promise<ApiService> {
  const service = await up(await foundedEstate(), { env });
  await enrolParties(service, [sampleManufacturer, sampleSupplier, otherSupplier]);
  const clients: HttpsClient[] = [];
  const client = (identity?: Identity): HttpsClient => {
    const made = clientOf(service, identity);
    clients.push(made);
    return made;
  };
  return {
    service,
    client,
    of: (signifier, hat) => client(credentialOf(service.data, signifier, hat)),
    end: async () => {
      for (const one of clients) one.close();
      service.interrupt();
      await service.ended;
      await cleanUp();
    },
  };
}
