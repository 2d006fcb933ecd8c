import { releaseStock } from "../../authorities/ceremony/stock.ts";
import type { Output } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Settings } from "../../settings/settings.ts";
import { holdCeremonyIn } from "../estate/ceremony-room.ts";
import { openEstate } from "../estate/estate.ts";
import { hierarchyTerms } from "../estate/terms.ts";
import { type RunningService, startService } from "../processes/up.ts";
import { software, softwareHash } from "../software.ts";
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
  sampleManufacturer,
  sampleNetworkOperator,
  sampleParties,
  sampleSupplier,
  sampleWitnesses,
} from "./sample-parties.ts";

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
  const part = (title: string): void => {
    if (order.stop?.aborted === true) throw new SmkiError("DEMO_INTERRUPTED");
    output.part(title);
  };
  part("1  Key ceremony, with sample witnesses");
  await sampleCeremony(settings, output);

  part("2  Service");
  const service = await startService(settings);
  try {
    output.done(
      `PostgreSQL, web process and ${String(settings.workers.count)} workers at work on ${service.url}`,
    );
    output.done(`keys: ${service.signer}`);
    if (settings.keys.operational.kind === "encrypted-file")
      output.done("  (an encrypted file, for development; a live service uses a PKCS#11 module)");

    part("3  Enrolment of sample Parties");
    const enrolled = new Map<string, EnrolledParty>();
    for (const party of sampleParties) {
      enrolled.set(party.name, await enrol(service.estate, service.url, party));
      output.done(
        `${party.name} (${party.categories.join(", ")}): officer's IKI credential for ${party.hats.join(" and ")}`,
      );
    }
    const find = (name: string): EnrolledParty => {
      const party = enrolled.get(name);
      if (party === undefined) throw new SmkiError("PARTY_NOT_FOUND", { name });
      return party;
    };

    part("4  Organisation Certificates");
    const organisations = await issueForOrganisations(service, find, output);

    part(`5  Device Certificates for ${String(order.meters)} simulated meters, two keys each`);
    const manufacturer = find(sampleManufacturer.name);
    const issued = await issueForMeters(service.estate, manufacturer, order.meters, output);

    part("6  Repository and verification");
    if (order.alterStoredByte) output.warn(await alterStoredByte(service.estate));
    const fetched = await fetchBack(manufacturer, issued.keys, output);
    const problems = [
      ...(await checkDeviceCertificates(service.estate, issued.keys, fetched, output)),
      ...(await checkOrganisationCertificates(service.estate, organisations, output)),
    ];

    part("7  Ledger");
    problems.push(...(await checkLedger(service.estate, output)));
    for (const party of enrolled.values()) for (const client of party.clients.values()) client.close();
    return {
      service,
      problems,
      figures: {
        deviceCertificates: fetched.size,
        organisationCertificates: organisations.length,
        issuingSeconds: issued.seconds,
        signer: service.signer,
        verifiedWith:
          (await import("./verify-certificates.ts").then(({ opensslVersion }) => opensslVersion())) ??
          "Node.js",
      },
    };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

async function sampleCeremony(settings: Settings, output: Output): Promise<void> {
  const estate = await openEstate(settings, { applicationName: "smki ceremony", server: "start" });
  try {
    let steps = 0;
    const record = await holdCeremonyIn(estate, {
      purpose: "found",
      witnesses: sampleWitnesses,
      sampleWitnesses: true,
      software: `${software.nameAndVersion}, SHA-256 of its source ${softwareHash()}`,
      onStep: () => {
        steps += 1;
      },
    });
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
  find: (name: string) => EnrolledParty,
  output: Output,
): Promise<OrganisationCertificate[]> {
  const supplier = find(sampleSupplier.name);
  const network = find(sampleNetworkOperator.name);
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
