import { type CertificateKind } from "../../authorities/authority.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { batchHasEnded, findBatch } from "../../issuance/deliver.ts";
import { receive, type Submission, waitForBatch } from "../../issuance/receive.ts";
import type { Principal } from "../../registration/principal.ts";
import { type RepositoryCertificate, retrieveCertificate } from "../../repository/repository.ts";
import type { Estate } from "./estate.ts";

const patience = 15_000;

/**
 * Has one certificate issued by the running service, for a verb: receives the CSR, waits for a worker, fetches
 * the certificate.
 *
 * @throws SmkiError the refusal of the CSR, or REQUEST_WAITS when no worker took it in time (the request stays)
 */
export async function requestCertificate(
  { database, rules, clock }: Estate,
  by: Principal,
  kind: CertificateKind,
  submission: Omit<Submission, "kind" | "channel" | "requests">,
  csr: Buffer,
): Promise<RepositoryCertificate> {
  const whole = { ...submission, kind, channel: "command" as const, requests: [csr] };
  const batchId = await database.transaction((tx) =>
    receive(tx, by, whole, rules.maximumBatchSize.value, clock()),
  );
  const hasEnded = () => database.read((tx) => batchHasEnded(tx, batchId));
  if (!(await waitForBatch(database, hasEnded, batchId, patience)))
    throw new SmkiError("REQUEST_WAITS", { batch: batchId });
  const [outcome] = (await database.read((tx) => findBatch(tx, by, batchId))).outcomes;
  if (outcome?.status === "refused") throw new SmkiError(outcome.code, outcome.details);
  if (outcome?.status !== "issued") throw new SmkiError("REQUEST_WAITS", { batch: batchId });
  return database.read((tx) => retrieveCertificate(tx, outcome.serialNumber, clock()));
}
