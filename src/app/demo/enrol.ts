import { generateKeyPair as generateKeyPairWithCallback, type KeyObject, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  assembleCsr,
  buildIkiCsrInfo,
  buildOrganisationCsrInfo,
  type Eui64,
  encodePem,
  type KeyUsage,
  type RemotePartyRole,
  remotePartyRole,
} from "../../certificates/index.ts";
import type { CredentialHolderRequest } from "../../issuance/check-request.ts";
import type { CertificatePolicyName } from "../../registration/party.ts";
import { localOperator } from "../../registration/principal.ts";
import { appointOfficer, approveSubscriber, registerParty } from "../../registration/registration.ts";
import type { Estate } from "../estate/estate.ts";
import { requestCertificate } from "../estate/request.ts";
import { serverAuthorityFile } from "../processes/server-certificate.ts";
import { organisationKeysFolder } from "./bundle.ts";
import { ApiClient } from "./client.ts";
import type { SampleParty } from "./sample-parties.ts";
import { pointOf } from "./simulated-meters.ts";

const generateKeyPair = promisify(generateKeyPairWithCallback);
const operator = localOperator("demonstration");

/** A sample Party that is enrolled: the files of its officer's credential for each hat. */
export interface EnrolledParty {
  readonly party: SampleParty;
  readonly partyId: number;
  readonly clients: ReadonlyMap<CertificatePolicyName, ApiClient>;
  /** Of its system with a credential for the Batched Device CSR Web Service. */
  readonly batchClient?: ApiClient;
}

/**
 * Enrols a sample Party as the Registration Authority would: registers it, appoints its officer, approves it,
 * and has an IKI Certificate issued for each hat from a CSR made on the officer's side.
 */
export async function enrol(estate: Estate, url: string, party: SampleParty): Promise<EnrolledParty> {
  const { database, clock } = estate;
  const { partyId, officerId } = await database.transaction(async (tx) => {
    const at = clock();
    const id = await registerParty(tx, operator, party, at);
    const office = "authorised-responsible-officer" as const;
    const officer = await appointOfficer(tx, operator, { partyId: id, name: party.officer, office }, at);
    for (const hat of party.hats) await approveSubscriber(tx, operator, id, hat, at);
    return { partyId: id, officerId: officer };
  });
  const clients = new Map<CertificatePolicyName, ApiClient>();
  for (const hat of party.hats) {
    const holder = { partyId, officerId, subscriberFor: hat };
    clients.set(hat, await grantCredential(estate, url, party, holder, hat));
  }
  const { batchSystem: systemName } = party;
  if (systemName === undefined) return { party, partyId, clients };
  const holder = { partyId, systemName, subscriberFor: "device", webService: "batched" } as const;
  return {
    party,
    partyId,
    clients,
    batchClient: await grantCredential(estate, url, party, holder, "batched"),
  };
}

async function grantCredential(
  estate: Estate,
  url: string,
  party: SampleParty,
  holder: CredentialHolderRequest,
  use: CertificatePolicyName | "batched",
): Promise<ApiClient> {
  const pair = await generateKeyPair("rsa", { modulusLength: 2048 });
  const info = buildIkiCsrInfo({
    organisation: party.name,
    role: remotePartyRole(party.ikiRole),
    commonName: holder.systemName ?? `${party.signifier ?? "sample"} ${use} officer`,
    publicKey: pair.publicKey.export({ format: "der", type: "spki" }),
  });
  const csr = assembleCsr(info, sign("sha256", info, pair.privateKey));
  const submission = { reference: use, partyId: holder.partyId, holder };
  const issued = await requestCertificate(estate, operator, "iki", submission, csr);
  const certificate = encodePem(issued.certificate);
  const key = pair.privateKey.export({ format: "pem", type: "pkcs8" });
  const folder = join(estate.paths.demo, "credentials");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = join(folder, `${party.signifier ?? "sample"}-${use}`);
  writeFileSync(`${name}.pem`, certificate);
  writeFileSync(`${name}.key`, key, { mode: 0o600 });
  const serverAuthority = readFileSync(serverAuthorityFile(estate.paths.tls), "utf8");
  return new ApiClient(url, { certificate, key, serverAuthority });
}

/** An Organisation Certificate that the demonstration asked for. */
export interface OrganisationCertificate {
  readonly name: string;
  readonly certificate: Buffer;
  readonly publicKey: Buffer;
}

/** Has an Organisation Certificate issued through the API, and keeps its key for the sample bundle. */
export async function requestOrganisationCertificate(
  estate: Estate,
  enrolled: EnrolledParty,
  role: RemotePartyRole,
  keyUsage: KeyUsage,
  name: string,
): Promise<OrganisationCertificate> {
  const client = enrolled.clients.get("organisation");
  const [entityIdentifier] = enrolled.party.identifiers;
  if (client === undefined || entityIdentifier === undefined)
    throw new Error(`${name}: no officer or identifier`);
  const pair = await generateKeyPair("ec", { namedCurve: "prime256v1" });
  const csr = organisationCsr(pair, role, entityIdentifier, keyUsage);
  const answer = await client.post<{ certificate: string }>("/api/v1/organisation-certificates", {
    reference: name,
    csr: csr.toString("base64"),
  });
  const certificate = Buffer.from(answer.certificate, "base64");
  const folder = organisationKeysFolder(estate.paths.demo);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${name}.pem`), encodePem(certificate));
  writeFileSync(join(folder, `${name}.key`), pair.privateKey.export({ format: "pem", type: "pkcs8" }), {
    mode: 0o600,
  });
  return { name, certificate, publicKey: pointOf(pair.publicKey) };
}

function organisationCsr(
  pair: { publicKey: KeyObject; privateKey: KeyObject },
  role: RemotePartyRole,
  entityIdentifier: Eui64,
  keyUsage: KeyUsage,
): Buffer {
  const info = buildOrganisationCsrInfo({
    role,
    entityIdentifier,
    keyUsage,
    publicKey: pointOf(pair.publicKey),
  });
  return assembleCsr(info, sign("sha256", info, pair.privateKey));
}
