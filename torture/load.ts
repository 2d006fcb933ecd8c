import { setTimeout as sleep } from "node:timers/promises";
import { crlProfiles } from "../src/authorities/authority.ts";
import { currentListOf, findCertificates } from "../src/authorities/certificates.ts";
import { revokeCertificate } from "../src/authorities/revocation/revoke.ts";
import { parseCrl, readCrlFields, type SerialNumber } from "../src/certificates/index.ts";
import { isSmkiError } from "../src/errors/smki-error.ts";
import { batchCounter } from "../src/issuance/batches.testkit.ts";
import { type IssuingEstate, makeDeviceCsrs, makeOrganisationCsr } from "../src/issuance/issuance.testkit.ts";
import { newestCheckpointNote } from "../src/ledger/newest-checkpoint.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "./random.ts";

const mostBatchesWithoutAnswer = 6;
const mostCsrsOfABatch = 6;
const pauseMilliseconds = 25;
/** After so many turns somebody is slow: clients come less often then, so that Issuing DCAs have room for later kills. */
const turnsOfAHurry = 20;
const laterPauseMilliseconds = 500;

/** Clients of every kind, at once: they submit, ask, revoke and look, until `stop`. */
export async function putLoadOn(
  estate: IssuingEstate,
  outside: Outside,
  random: Random,
  stop: AbortSignal,
): Promise<void> {
  for (let turns = 0; !stop.aborted; turns += 1) {
    await turn(estate, outside, random);
    const pause = turns < turnsOfAHurry ? pauseMilliseconds : laterPauseMilliseconds;
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** One turn of each client. While the database is away they get an error, and come again. */
async function turn(estate: IssuingEstate, outside: Outside, random: Random): Promise<void> {
  estate.clock.set(new Date());
  for (const act of [submit, look, revoke])
    try {
      await act(estate, outside, random);
    } catch (error) {
      if (!isSmkiError(error) || !error.code.startsWith("DATABASE_")) throw error;
    }
}

async function submit(estate: IssuingEstate, outside: Outside, random: Random): Promise<void> {
  if (outside.batches.length - outside.answered.size >= mostBatchesWithoutAnswer) return;
  const isOrganisation = random.oneIn(3) || outside.deviceRoom < mostCsrsOfABatch;
  const kind = isOrganisation ? "organisation" : "device";
  const fresh = isOrganisation
    ? [makeOrganisationCsr()]
    : makeDeviceCsrs(random.between(1, mostCsrsOfABatch));
  // One that lost its answer sends the same again: its keys must not be certified twice.
  const again = random.oneIn(4) ? outside.unsure.shift() : undefined;
  const repeated = random.oneIn(6) ? random.pick([undefined, ...outside.batches]) : undefined;
  const sent = again ?? repeated ?? { kind, csrs: fresh };
  if (sent.csrs === fresh && kind === "device") outside.deviceRoom -= fresh.length;
  const by = sent.kind === "device" ? estate.manufacturer : estate.supplier;
  try {
    const id =
      sent.kind === "device" && random.oneIn(2)
        ? await batchCounter(estate).upload(sent.csrs)
        : await estate.submit(by, sent.kind, sent.csrs);
    outside.batches.push({ id, kind: sent.kind, csrs: sent.csrs });
  } catch (error) {
    outside.unsure.push(sent);
    throw error;
  }
}

/** Fetches outcomes, the newest checkpoint and the CRLs, as anybody may. */
export async function look(estate: IssuingEstate, outside: Outside): Promise<void> {
  const { database } = estate;
  for (const { id } of outside.batches) {
    if (outside.answered.has(id)) continue;
    const outcomes = await estate.outcomes(id);
    for (const [place, outcome] of outcomes.entries()) outside.sawOutcome(id, place, outcome);
    if (!outcomes.includes(null)) outside.answered.add(id);
  }
  outside.sawCheckpoint(await database.read(newestCheckpointNote));
  for (const authorityId of crlProfiles) {
    const list = await database.read((tx) => currentListOf(tx, authorityId));
    if (list === undefined) continue;
    const { revoked } = readCrlFields(parseCrl(list.list));
    outside.sawList(
      authorityId,
      list.number,
      list.list,
      revoked.map(({ serialNumber }) => serialNumber),
    );
  }
}

/** Revokes an Organisation Certificate that its holder has seen. */
async function revoke(estate: IssuingEstate, outside: Outside, random: Random): Promise<void> {
  if (!random.oneIn(2)) return;
  const serialNumber = oneToRevoke(outside, random);
  if (serialNumber === undefined) return;
  const [known] = await estate.database.read((tx) => findCertificates(tx, { serialNumber, limit: 1 }));
  if (known === undefined) throw new Error(`${serialNumber} was issued, and is not to be found`);
  try {
    await estate.database.transaction((tx) =>
      revokeCertificate(
        tx,
        { serialNumber, reason: "superseded", requestedBy: estate.supplier.name },
        estate.clock.read(),
      ),
    );
  } catch (error) {
    // The first attempt was made last, and its answer was lost.
    if (!isSmkiError(error, "CERTIFICATE_REVOKED_ALREADY")) throw error;
  }
  outside.revoked.add(serialNumber);
}

function oneToRevoke(outside: Outside, random: Random): SerialNumber | undefined {
  const candidates = outside.batches.flatMap(({ id, kind }) => {
    const serialNumber = kind === "organisation" ? outside.issued.get(`${String(id)}/0`) : undefined;
    return serialNumber === undefined || outside.revoked.has(serialNumber) ? [] : [serialNumber];
  });
  return candidates.length === 0 ? undefined : random.pick(candidates);
}
