import { releaseStock } from "../../authorities/ceremony/release-stock.ts";
import type { Output } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Settings } from "../../settings/settings.ts";
import { holdCeremonyIn } from "../estate/ceremony-room.ts";
import { openEstate } from "../estate/estate.ts";
import { hierarchyTerms } from "../estate/terms.ts";
import { type RunningService, startService } from "../processes/up.ts";
import { softwareInWords } from "../software.ts";
import { alterStoredByte } from "./alter.ts";
import { checkDeviceCertificates, checkLedger, checkOrganisationCertificates } from "./checks.ts";
import {
  type EnrolledParty,
  enrol,
  type OrganisationCertificate,
  requestOrganisationCertificate,
} from "./enrol.ts";
import { fetchBack, issueForMeters } from "./meters.ts";
import {
  type SampleParty,
  sampleManufacturer,
  sampleNetworkOperator,
  sampleParties,
  sampleSupplier,
  sampleWitnesses,
} from "./sample-parties.ts";
import { opensslVersion } from "./verify-certificates.ts";

/** What a demonstration is asked to do. */
export interface DemoOrder {
  readonly meters: number;
  /** Alter one stored byte before checking, to show that the checks are real. */
  readonly alterStoredByte: boolean;
  /** Aborted when it shall stop before its end. */
  readonly stop?: AbortSignal;
}

/** A demonstration that did its work; the service is still up. */
export interface Demonstration {
  readonly service: RunningService;
  /** What did not hold; empty when all did. */
  readonly problems: readonly string[];
  readonly figures: DemoFigures;
}

/** What was done, for programs. */
export interface DemoFigures {
  readonly deviceCertificates: number;
  readonly organisationCertificates: number;
  readonly issuingSeconds: number;
  readonly signer: string;
  readonly verifiedWith: string;
}

/**
 * The whole of the SMKI in one go, on an empty data folder: ceremony, service, enrolment, organisation and
 * device certificates, repository, verification, ledger. Every step goes the way a user's would.
 *
 * @throws SmkiError DEMO_INTERRUPTED between two parts when it is told to stop, with the service stopped
 */
export async function demonstrate(
  settings: Settings,
  order: DemoOrder,
  output: Output,
): Promise<Demonstration> {
  const part = partsOf(order, output);
  part("1  Key ceremony, with sample witnesses");
  await sampleCeremony(settings, output);

  part("2  Service");
  const service = await startService(settings);
  try {
    tellService(service, output);
    return await useService(service, order, output, part);
  } catch (error) {
    await service.stop();
    throw error;
  }
}

/** Begins each part with its title, unless the demonstration was interrupted. */
function partsOf(order: DemoOrder, output: Output): (title: string) => void {
  return (title) => {
    if (order.stop?.aborted === true) throw new SmkiError("DEMO_INTERRUPTED");
    output.part(title);
  };
}

function tellService({ estate, url, signer }: RunningService, output: Output): void {
  const { workers, keys, batches } = estate.settings;
  const { opens, closes } = estate.rules.processingWindow.value;
  const forDevelopment =
    keys.operational.kind === "encrypted-file"
      ? ": for development; a live service uses a PKCS#11 module"
      : "";
  output.done(
    `PostgreSQL, web process and ${String(workers.count)} worker${workers.count === 1 ? "" : "s"} at work on ${url}`,
  );
  output.done(`keys in the ${signer}${forDevelopment}`);
  output.done(
    `processing window of batches: ${batches.window}, and approved by the rule; as published it is ${opens} to ${closes}`,
  );
}

/** Everything that users of a running service do. */
async function useService(
  service: RunningService,
  order: DemoOrder,
  output: Output,
  part: (title: string) => void,
): Promise<Demonstration> {
  const { estate } = service;
  part("3  Enrolment of sample Parties");
  const enrolled = new Map<SampleParty, EnrolledParty>();
  for (const party of sampleParties) {
    enrolled.set(party, await enrol(estate, service.url, party));
    const hats = party.hats.join(" and ");
    const system =
      party.batchSystem === undefined ? "" : `; its ${party.batchSystem}'s for the Batched web service`;
    output.done(
      `${party.name} (${party.categories.join(", ")}): officer's IKI credential for ${hats}${system}`,
    );
  }
  const find = (party: SampleParty): EnrolledParty => {
    const found = enrolled.get(party);
    if (found === undefined) throw new SmkiError("PARTY_NOT_FOUND", { name: party.name });
    return found;
  };

  part("4  Organisation Certificates");
  const organisations = await issueForOrganisations(service, find, output);

  part(`5  Device Certificates for ${String(order.meters)} simulated meters, two keys each`);
  const manufacturer = find(sampleManufacturer);
  const issued = await issueForMeters(estate, manufacturer, order.meters, output);

  part("6  Repository and verification");
  if (order.alterStoredByte) output.warn(await alterStoredByte(estate));
  const fetched = await fetchBack(manufacturer, issued.keys, output);
  const problems = [
    ...(await checkDeviceCertificates(estate, issued.keys, fetched, output)),
    ...(await checkOrganisationCertificates(estate, organisations, output)),
  ];

  part("7  Ledger");
  problems.push(...(await checkLedger(estate, output)));
  for (const { clients, batchClient } of enrolled.values())
    for (const client of [...clients.values(), batchClient]) client?.close();
  const figures = {
    deviceCertificates: fetched.size,
    organisationCertificates: organisations.length,
    issuingSeconds: issued.seconds,
    signer: service.signer,
    verifiedWith: (await opensslVersion()) ?? "Node.js",
  };
  return { service, problems, figures };
}

async function sampleCeremony(settings: Settings, output: Output): Promise<void> {
  const estate = await openEstate(settings, { applicationName: "smki ceremony", server: "start" });
  try {
    let steps = 0;
    const sitting = {
      witnesses: sampleWitnesses,
      sampleWitnesses: true,
      operator: "operator:demonstration",
      software: softwareInWords(),
    };
    const onStep = () => {
      steps += 1;
    };
    const record = await holdCeremonyIn(estate, { purpose: "found" }, sitting, { onStep });
    output.done(
      `${String(steps)} steps: Root and Issuing OCA with Contingency key, Root DCA, IKI, first CRLs and ARLs`,
    );
    output.done(`stock of ${String(hierarchyTerms(settings, estate.rules).stockSize)} Issuing DCAs`);
    const needed = estate.rules.stockReleasePersons.value;
    const released = await estate.database.transaction((tx) =>
      releaseStock(tx, 2, sampleWitnesses, needed, "operator:demonstration", estate.clock()),
    );
    output.done(`${released.join(" and ")} released by the two sample witnesses`);
    output.done(`signed record: ${record.file}`);
  } finally {
    await estate.close();
  }
}

async function issueForOrganisations(
  { estate }: RunningService,
  find: (party: SampleParty) => EnrolledParty,
  output: Output,
): Promise<OrganisationCertificate[]> {
  const supplier = find(sampleSupplier);
  const network = find(sampleNetworkOperator);
  const wanted = [
    [supplier, 2, "digitalSignature", "supplier-ds"],
    [supplier, 2, "keyAgreement", "supplier-ka"],
    [supplier, 2, "keyAgreement", "supplierPP-ka"],
    [supplier, 135, "digitalSignature", "supplier-xmlSign-ds"],
    [network, 3, "digitalSignature", "networkOperator-ds"],
    [network, 3, "keyAgreement", "networkOperator-ka"],
  ] as const;
  const issued: OrganisationCertificate[] = [];
  for (const [party, role, keyUsage, name] of wanted)
    issued.push(await requestOrganisationCertificate(estate, party, role, keyUsage, name));
  output.done(
    `${String(issued.length)} issued over mutual TLS: ${issued.map(({ name }) => name).join(", ")}`,
  );
  return issued;
}
