import { generateKeyPairSync, sign } from "node:crypto";
import {
  assembleCsr,
  buildOrganisationCsrInfo,
  eui64,
  type KeyUsage,
  oid,
  remotePartyRole,
} from "../../../certificates/index.ts";
import { type MeterKey, makeMeter, pointOf } from "../../demo/simulated-meters.ts";
import type { HttpsClient } from "./https-client.ts";

const firstDevice = eui64("00-db-12-34-60-00-00-00");
const hardwareType = oid("1.2.826.0.1.8641679.1.2.2.1");

/** The two keys and CSRs of the simulated meter of that number. */
export const meterKeys = (number: number): MeterKey[] => makeMeter(firstDevice, number, hardwareType);

/** Keys and CSRs of several meters. */
export const keysOfMeters = (first: number, count: number): MeterKey[] =>
  Array.from({ length: count }, (_, index) => meterKeys(first + index)).flat();

/** An Organisation CSR, PKCS#10 in DER, under a new key. */
export function organisationCsr(entity: string, keyUsage: KeyUsage = "digitalSignature", role = 2): Buffer {
  const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const info = buildOrganisationCsrInfo({
    role: remotePartyRole(role),
    entityIdentifier: eui64(entity),
    keyUsage,
    publicKey: pointOf(pair.publicKey),
  });
  return assembleCsr(info, sign("sha256", info, pair.privateKey));
}

/** A certificate as the API gives it. */
export interface CertificateAnswer {
  readonly serialNumber: string;
  readonly status: string;
  readonly usage: string;
  readonly subjectIdentifier: string;
  readonly certificate: string;
}

/** Has the digital signature certificate of a simulated meter issued. */
export async function issueDevice(client: HttpsClient, meter: number) {
  const [key] = meterKeys(meter);
  const answer = await client.post("/api/v1/device-certificates", { csr: key?.csr.toString("base64") });
  if (answer.status !== 201) throw new Error(`${String(answer.status)}: ${answer.text}`);
  const { serialNumber, certificate } = answer.json() as CertificateAnswer;
  return { serialNumber, certificate: Buffer.from(certificate, "base64"), csr: key?.csr ?? Buffer.alloc(0) };
}

/** A batch as the API gives it. */
export interface BatchAnswer {
  readonly batch: number;
  readonly status: string;
  readonly requests: number;
  readonly outcomes: readonly {
    readonly status: string;
    readonly serialNumber?: string;
    readonly code?: string;
  }[];
}

/** Hands in a batch of Device CSRs. @returns its number */
export async function submitBatch(client: HttpsClient, csrs: readonly Buffer[]): Promise<number> {
  const answer = await client.post("/api/v1/device-certificate-batches", {
    reference: "a test's batch",
    csrs: csrs.map((csr) => csr.toString("base64")),
  });
  if (answer.status !== 202) throw new Error(`${String(answer.status)}: ${answer.text}`);
  return (answer.json() as { batch: number }).batch;
}

export async function fetchBatch(client: HttpsClient, batch: number): Promise<BatchAnswer> {
  return (await client.get(`/api/v1/batches/${String(batch)}`)).json() as BatchAnswer;
}

/** Has an Organisation Certificate issued for that EUI-64. */
export async function issueOrganisation(client: HttpsClient, entity: string): Promise<CertificateAnswer> {
  const csr = organisationCsr(entity).toString("base64");
  const answer = await client.post("/api/v1/organisation-certificates", { csr });
  if (answer.status !== 201) throw new Error(`${String(answer.status)}: ${answer.text}`);
  return answer.json() as CertificateAnswer;
}
