import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { sql } from "kysely";
import type { CertificateKind } from "../authorities/authority.ts";
import {
  foundedEstate,
  type TestEstate,
  type TestEstateOptions,
} from "../authorities/ceremony/estate.testkit.ts";
import { rules } from "../authorities/ceremony/terms.testkit.ts";
import { findCertificates, type KnownCertificate } from "../authorities/certificates.ts";
import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import {
  assembleCsr,
  buildDeviceCsrInfo,
  buildIkiCsrInfo,
  buildOrganisationCsrInfo,
  type Eui64,
  eui64,
  type KeyUsage,
  oid,
  type RemotePartyRole,
  remotePartyRole,
  type SerialNumber,
} from "../certificates/index.ts";
import type { CertificatePolicyName, PartyRegistration } from "../registration/party.ts";
import { localOperator, type Principal } from "../registration/principal.ts";
import {
  appointOfficer,
  approveSubscriber,
  findPrincipal,
  registerParty,
} from "../registration/registration.ts";
import { findBatch } from "./deliver.ts";
import type { Outcome } from "./outcome.ts";
import { receive, type Submission } from "./receive.ts";
import { type ChunkResult, workChunk } from "./work-chunk.ts";

/** The person at the machine. */
export const operator = localOperator("test");
export const hardwareType = oid("1.2.826.0.1.8641679.1.2.2.1");

const supplierRole = remotePartyRole(0x02);
const networkRole = remotePartyRole(0x03);
const none = { roles: [], identifiers: [], ranges: [] } as const;

/** Parties as they might be. */
export const sampleParties = {
  supplier: {
    ...none,
    name: "Northern Lights Energy Ltd",
    signifier: "NLE",
    categories: ["large-supplier"],
    roles: [supplierRole],
    identifiers: [eui64("90b3d51f30010000")],
  },
  network: {
    ...none,
    name: "Two Rivers Networks plc",
    signifier: "TRN",
    categories: ["electricity-network"],
    roles: [networkRole],
    identifiers: [eui64("90b3d51f30020000")],
  },
  manufacturer: {
    ...none,
    name: "Halfpenny Meters Ltd",
    signifier: "HPM",
    categories: ["manufacturer"],
    ranges: [{ first: eui64("00db120000000000"), last: eui64("00db12ffffffffff") }],
  },
} as const satisfies Record<string, PartyRegistration>;

/** An estate with Parties, each with a credential, and a way to have CSRs worked on. */
export interface IssuingEstate extends TestEstate {
  readonly parties: { readonly supplier: number; readonly network: number; readonly manufacturer: number };
  /** In the Organisation hat. */
  readonly supplier: Principal;
  readonly network: Principal;
  /** In the Device hat. */
  readonly manufacturer: Principal;
  submit(
    by: Principal,
    kind: CertificateKind,
    csrs: readonly Uint8Array[],
    more?: Partial<Submission>,
  ): Promise<number>;
  /** Works on every open chunk of a batch, as a worker would. */
  work(batchId: number, changes?: Partial<IssuingAuthority>): Promise<ChunkResult[]>;
  chunksOf(batchId: number): Promise<number[]>;
  outcomes(batchId: number): Promise<readonly (Outcome | null)[]>;
  /** Submits, works and gives the outcomes. */
  issue(
    by: Principal,
    kind: CertificateKind,
    csrs: readonly Uint8Array[],
  ): Promise<readonly (Outcome | null)[]>;
  certificate(serialNumber: SerialNumber): Promise<KnownCertificate>;
}

/** Founds an estate and enrols the sample Parties, their credentials issued as the service issues them. */
export async function issuingEstate(
  options: TestEstateOptions & { readonly released?: number } = {},
): Promise<IssuingEstate> {
  const estate = await foundedEstate(options);
  const { database, clock } = estate;

  const submit: IssuingEstate["submit"] = (by, kind, requests, more = {}) =>
    database.transaction((tx) =>
      receive(
        tx,
        by,
        { kind, reference: "test", requests, ...more },
        rules.maximumBatchSize.value,
        clock.read(),
      ),
    );
  const chunksOf = async (batchId: number) => {
    const { rows } = await database.read((tx) =>
      sql<{ id: number }>`select id from request_chunk where batch_id = ${batchId} order by id`.execute(tx),
    );
    return rows.map(({ id }) => id);
  };
  const work: IssuingEstate["work"] = async (batchId, changes) => {
    const results: ChunkResult[] = [];
    for (const chunk of await chunksOf(batchId))
      results.push(await workChunk(estate.issuing(changes), chunk));
    return results;
  };
  const outcomes = async (batchId: number) =>
    (await database.read((tx) => findBatch(tx, operator, batchId))).outcomes;
  const issue: IssuingEstate["issue"] = async (by, kind, csrs) => {
    const batchId = await submit(by, kind, csrs);
    await work(batchId);
    return outcomes(batchId);
  };

  const enrol = async (registration: PartyRegistration, hat: CertificatePolicyName) => {
    const at = clock.read();
    const { partyId, officerId } = await database.transaction(async (tx) => {
      const party = await registerParty(tx, operator, registration, at);
      await approveSubscriber(tx, operator, party, hat, at);
      const office = "authorised-responsible-officer" as const;
      const officer = await appointOfficer(tx, operator, { partyId: party, name: "An Officer", office }, at);
      return { partyId: party, officerId: officer };
    });
    const holder = { partyId, officerId, subscriberFor: hat };
    const csr = makeIkiCsr({ organisation: registration.name, role: registration.roles[0] ?? supplierRole });
    const batchId = await submit(operator, "iki", [csr], { partyId, holder });
    await work(batchId);
    const [serialNumber] = issuedSerialNumbers(await outcomes(batchId));
    if (serialNumber === undefined) throw new Error(JSON.stringify(await outcomes(batchId)));
    return { partyId, principal: await database.read((tx) => findPrincipal(tx, serialNumber)) };
  };
  const supplier = await enrol(sampleParties.supplier, "organisation");
  const network = await enrol(sampleParties.network, "organisation");
  const manufacturer = await enrol(sampleParties.manufacturer, "device");
  return {
    ...estate,
    parties: {
      supplier: supplier.partyId,
      network: network.partyId,
      manufacturer: manufacturer.partyId,
    },
    supplier: supplier.principal,
    network: network.principal,
    manufacturer: manufacturer.principal,
    submit,
    work,
    chunksOf,
    outcomes,
    issue,
    certificate: async (serialNumber) => {
      const [found] = await database.read((tx) => findCertificates(tx, { serialNumber, limit: 1 }));
      if (found === undefined) throw new Error(`no certificate ${serialNumber}`);
      return found;
    },
  };
}

/** The serial numbers of what was issued. */
export function issuedSerialNumbers(outcomes: readonly (Outcome | null)[]): SerialNumber[] {
  return outcomes.flatMap((outcome) => (outcome?.status === "issued" ? [outcome.serialNumber] : []));
}

/** Each outcome in a word: `issued`, the code of its refusal, or `undecided`. */
export function words(outcomes: readonly (Outcome | null)[]): string[] {
  return outcomes.map((outcome) =>
    outcome === null ? "undecided" : outcome.status === "issued" ? "issued" : outcome.code,
  );
}

/** A P-256 key pair as Devices and Organisations make them. */
export function makeKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return { publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-65), privateKey };
}

type Key = ReturnType<typeof makeKey>;

const signed = (info: Buffer, key: KeyObject) => assembleCsr(info, sign("sha256", info, key));

let lastDevice = 0xdb12_0000_0000n;

/** An EUI-64 identifier of a meter that no other test has. */
export function nextDevice(): Eui64 {
  lastDevice += 1n;
  return eui64(lastDevice.toString(16).padStart(16, "0"));
}

/** The CSR of a simulated meter. */
export function makeDeviceCsr(
  wanted: { readonly deviceId?: Eui64; readonly keyUsage?: KeyUsage; readonly key?: Key } = {},
): Buffer {
  const { publicKey, privateKey } = wanted.key ?? makeKey();
  const fields = {
    deviceId: wanted.deviceId ?? nextDevice(),
    hardwareType,
    keyUsage: wanted.keyUsage ?? "digitalSignature",
    publicKey,
  };
  return signed(buildDeviceCsrInfo(fields), privateKey);
}

/** CSRs of that many simulated meters. */
export const makeDeviceCsrs = (count: number): Buffer[] =>
  Array.from({ length: count }, () => makeDeviceCsr());

/** The CSR of an Organisation; by default the sample supplier's own. */
export function makeOrganisationCsr(
  wanted: {
    readonly role?: number;
    readonly entityIdentifier?: Eui64;
    readonly keyUsage?: KeyUsage;
    readonly key?: Key;
  } = {},
): Buffer {
  const { publicKey, privateKey } = wanted.key ?? makeKey();
  const fields = {
    commonName: "NLE",
    role: remotePartyRole(wanted.role ?? 0x02),
    entityIdentifier: wanted.entityIdentifier ?? sampleParties.supplier.identifiers[0],
    keyUsage: wanted.keyUsage ?? "digitalSignature",
    publicKey,
  };
  return signed(buildOrganisationCsrInfo(fields), privateKey);
}

/** The CSR of an officer or a system for an IKI credential. */
export function makeIkiCsr(
  wanted: {
    readonly organisation?: string;
    readonly role?: RemotePartyRole;
    readonly commonName?: string;
  } = {},
): Buffer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const info = buildIkiCsrInfo({
    organisation: wanted.organisation ?? sampleParties.supplier.name,
    role: wanted.role ?? supplierRole,
    commonName: wanted.commonName ?? "An Officer",
    publicKey: publicKey.export({ format: "der", type: "spki" }),
  });
  return signed(info, privateKey);
}
