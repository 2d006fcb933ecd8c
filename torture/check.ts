import { sql } from "kysely";
import { certificateDigests } from "../src/authorities/certificate-rows.ts";
import { verifyRecords } from "../src/authorities/verification/verify-records.ts";
import {
  parseCertificate,
  parseCsr,
  readDeviceCsr,
  readFields,
  readOrganisationCsr,
} from "../src/certificates/index.ts";
import type { IssuingEstate } from "../src/issuance/issuance.testkit.ts";
import type { Act } from "../src/ledger/act.ts";
import { formatVerifierKey } from "../src/ledger/note.ts";
import { readActs } from "../src/ledger/read-ledger.ts";
import { verifyLedger, withFindings } from "../src/ledger/verify-ledger.ts";
import type { AcknowledgedBatch, Outside } from "./outside.ts";

/** Everything that must hold when the work is done again. @throws the first thing that does not */
export async function checkEverything(
  estate: IssuingEstate,
  outside: Outside,
  certificatesOfOneAuthority: number,
): Promise<void> {
  await nothingAcknowledgedIsLost(estate, outside);
  await eachKeyIsCertifiedOnce(estate, outside);
  await noCapIsExceeded(estate, certificatesOfOneAuthority);
  await ledgerHolds(estate, outside);
  const acts = (await estate.database.read((tx) => readActs(tx, 0, 1_000_000))).map(({ act }) => act);
  noSerialNumberIsReused(acts);
  listNumbersRiseByOne(acts);
}

/** Every acknowledged CSR has its outcome, every certificate that was told of is there, every revocation is listed. */
async function nothingAcknowledgedIsLost(estate: IssuingEstate, outside: Outside): Promise<void> {
  for (const { id, csrs } of outside.batches) {
    const outcomes = await estate.outcomes(id);
    if (outcomes.length !== csrs.length || outcomes.includes(null))
      throw new Error(`batch ${String(id)} of ${String(csrs.length)} CSRs has ${JSON.stringify(outcomes)}`);
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome?.status === "refused" && outcome.code !== "KEY_ALREADY_CERTIFIED")
        throw new Error(`place ${String(place)} of batch ${String(id)} is refused: ${outcome.code}`);
      outside.sawOutcome(id, place, outcome);
    }
  }
  const listed = new Set([...outside.lists.values()].flatMap(({ serialNumbers }) => [...serialNumbers]));
  const missing = [...outside.revoked].filter((serialNumber) => !listed.has(serialNumber));
  if (missing.length > 0) throw new Error(`revoked, acknowledged and on no list: ${missing.join(", ")}`);
}

/** Counted from the certificates themselves, not from what the database keeps about keys. */
async function eachKeyIsCertifiedOnce(estate: IssuingEstate, outside: Outside): Promise<void> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ certificate: Buffer }>`
      select certificate from certificate where kind in ('device', 'organisation')`.execute(tx),
  );
  const serialsOf = Map.groupBy(
    rows.map(({ certificate }) => readFields(parseCertificate(certificate))),
    ({ publicKey }) => Buffer.from(publicKey).toString("hex"),
  );
  for (const [key, certificates] of serialsOf)
    if (certificates.length > 1)
      throw new Error(
        `key ${key} is certified ${String(certificates.length)} times: ${certificates.map(({ serialNumber }) => serialNumber).join(", ")}`,
      );
  const told = new Set(outside.issued.values());
  for (const batch of outside.batches)
    for (const key of keysOf(batch)) {
      const serialNumber = serialsOf.get(key)?.[0]?.serialNumber;
      if (serialNumber === undefined || !told.has(serialNumber))
        throw new Error(`key ${key} of batch ${String(batch.id)} has certificate ${String(serialNumber)}`);
    }
}

function keysOf({ kind, csrs }: AcknowledgedBatch): string[] {
  return csrs.map((der) => {
    const csr = parseCsr(der);
    const { publicKey } = kind === "device" ? readDeviceCsr(csr) : readOrganisationCsr(csr);
    return publicKey.toString("hex");
  });
}

/** What is counted against the cap of an Issuing DCA is what it signed, and not more than its cap. */
async function noCapIsExceeded(estate: IssuingEstate, cap: number): Promise<void> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ id: string; reserved: number; certificates: number; open: number }>`
      select id, reserved,
             (select count(*)::int from certificate where kind = 'device' and authority_id = authority.id)
               as certificates,
             (select count(*)::int from issuing_intent where published_at is null) as open
      from certification_authority authority where profile = 'issuing-dca'`.execute(tx),
  );
  for (const { id, reserved, certificates, open } of rows)
    if (reserved !== certificates || reserved > cap || open > 0)
      throw new Error(
        `${id}: ${String(reserved)} reserved, ${String(certificates)} certificates, cap ${String(cap)}, ${String(open)} open intents`,
      );
}

/** The whole ledger, against every checkpoint that was ever seen outside. */
async function ledgerHolds(estate: IssuingEstate, outside: Outside): Promise<void> {
  const { database, ledger } = estate;
  const report = withFindings(
    await verifyLedger(database, {
      verifierKey: formatVerifierKey(ledger.verifier),
      certificates: certificateDigests,
      knownCheckpoints: [...outside.checkpoints, (await ledger.lastCheckpoint()).note],
    }),
    await database.read(verifyRecords, { snapshot: true }),
  );
  if (!report.holds || report.openEntries > 0 || report.signedSize !== report.size)
    throw new Error(`the ledger does not hold: ${JSON.stringify(report)}`);
}

function noSerialNumberIsReused(acts: readonly Act[]): void {
  const seen = new Set<string>();
  for (const { kind, subject } of acts) {
    if (kind !== "certificate.issued") continue;
    const serialNumber = subject["serialNumber"] as string;
    if (seen.has(serialNumber)) throw new Error(`serial number ${serialNumber} was used twice`);
    seen.add(serialNumber);
  }
}

function listNumbersRiseByOne(acts: readonly Act[]): void {
  const lists = acts.filter(({ kind }) => kind === "list.published");
  for (const [authority, published] of Map.groupBy(lists, ({ subject }) => subject["authority"] as string)) {
    const numbers = published.map(({ subject }) => Number(subject["number"])).toSorted((a, b) => a - b);
    if (numbers.some((number, index) => number !== index + 1))
      throw new Error(`the lists of ${authority} are numbered ${numbers.join(", ")}`);
    const entries = published
      .toSorted((a, b) => Number(a.subject["number"]) - Number(b.subject["number"]))
      .map(({ subject }) => Number(subject["entries"]));
    if (entries.some((count, index) => count < (entries[index - 1] ?? 0)))
      throw new Error(`the lists of ${authority} shrank: ${entries.join(", ")} entries`);
  }
}
