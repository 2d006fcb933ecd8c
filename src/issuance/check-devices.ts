import { countDeviceCertificates } from "../authorities/device-certificates.ts";
import type { IssuingTerms, PositionedSubject } from "../authorities/issuing/intend.ts";
import type { IssuingAuthority, RecordedChunk } from "../authorities/issuing/issue.ts";
import type { DeviceSubject } from "../authorities/issuing/subject.ts";
import type { Eui64 } from "../certificates/index.ts";
import type { Database } from "../database/connect.ts";
import { together } from "../database/together.ts";
import type { Tx } from "../database/transaction.ts";
import { type ClaimsSeen, claimCertificates, readClaims } from "../devices/certificate-claims.ts";
import { decide } from "../devices/eligibility.ts";
import { type DeviceStanding, standingOfDevices } from "../devices/known-devices.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { Act } from "../ledger/act.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { Party } from "../registration/party.ts";
import { notInInventory } from "../rulebook/index.ts";
import { type Outcome, refused } from "./outcome.ts";
import type { Chunk } from "./request-store.ts";

/** What is asked of Device CSRs besides their form and signature. */
interface DeviceChecks {
  readonly rules: IssuingTerms["devices"];
  /** SEC L3.16; the ad hoc service may be set not to ask it, since Appendix M 2.4 does not list it. */
  readonly eligibility: boolean;
  /** The ad hoc service replaces certificates and gives no Device its first (Appendix M 2.4.1.3). */
  readonly replacesOnly: boolean;
}

/** A chunk whose CSRs are good in form and signature. */
export interface ChunkOfDevices {
  readonly chunk: Pick<Chunk, "id" | "batchId" | "channel">;
  readonly party: Party | undefined;
  readonly accepted: readonly PositionedSubject[];
}

/** What the inventory and the certificates of the Devices say of the CSRs of one chunk. */
interface JudgedChunk {
  /** Those that may go on. */
  readonly accepted: readonly PositionedSubject[];
  /** Of those that may not, by position. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
}

/** The same of chunks that are worked on together. */
interface CheckedDevices {
  /** In the order of the chunks. */
  readonly judged: readonly JudgedChunk[];
  /**
   * Counts what those chunks record that are recorded now, last in the transaction that records it.
   *
   * @throws SmkiError DEVICE_CLAIMS_CHANGED when another chunk has recorded so many for one Device meanwhile that
   *   they would be too many: check again
   */
  record(
    tx: Tx,
    chunkIds: ReadonlySet<number>,
    recordedOf: (chunkId: number) => RecordedChunk,
  ): Promise<void>;
}

interface DeviceRequest {
  readonly position: number;
  readonly subject: DeviceSubject;
}

/** The Device CSRs of one chunk. */
interface DevicesOfChunk extends ChunkOfDevices {
  readonly devices: readonly DeviceRequest[];
  readonly checks: DeviceChecks;
}

interface Judged {
  /** In the order of the chunks. */
  readonly chunks: readonly (Omit<JudgedChunk, "accepted"> & {
    readonly accepted: readonly DeviceRequest[];
  })[];
  /** One was refused since its Device has as many as it may. */
  readonly isAtLimit: boolean;
  readonly tally: Tally;
}

/** How many certificates each Device has or is about to have, at the moment of the look. */
interface Tally {
  readonly seen: ClaimsSeen;
  readonly issued: ReadonlyMap<Eui64, number>;
  readonly standings: ReadonlyMap<Eui64, DeviceStanding>;
}

/**
 * Checks the Device CSRs of chunks against the inventory and against what each Device has already (SEC L3.16,
 * Appendix M 2.3.1.7), in three statements for all of them. A Device gets no more than its limit whatever runs beside
 * this, since `record` looks at what others have recorded meanwhile. Requests for other certificates pass.
 *
 * @param chunks - a Device's limit is counted through all of them, in their order
 */
export async function checkDevices(
  { database, terms, clock }: IssuingAuthority,
  chunks: readonly ChunkOfDevices[],
): Promise<CheckedDevices> {
  const asked = chunks.map((chunk) => devicesOf(chunk, terms.devices));
  if (asked.every(({ devices }) => devices.length === 0))
    return {
      judged: chunks.map(({ accepted }) => ({ accepted, outcomes: new Map() })),
      record: async () => undefined,
    };
  const judged = await judgeNow(database, asked);
  return {
    judged: judged.chunks,
    record: async (tx, chunkIds, recordedOf) => {
      const acts: Act[] = [];
      const claims = new Map<number, Eui64[]>();
      const limits = new Map<Eui64, number>();
      for (const [index, { chunk, party, checks }] of asked.entries()) {
        const { accepted = [] } = judged.chunks[index] ?? {};
        if (accepted.length === 0 || !chunkIds.has(chunk.id)) continue;
        const { keysTaken, refused: withFinding } = recordedOf(chunk.id);
        const deviceIds = accepted
          .filter(({ position }) => !keysTaken.has(position) && !withFinding.has(position))
          .map(({ subject }) => subject.deviceId);
        if (party?.categories.includes("dcc") === true)
          acts.push(ownRequests(chunk, party.id, deviceIds.length, clock()));
        if (deviceIds.length > 0) claims.set(chunk.id, deviceIds);
        for (const deviceId of deviceIds) limits.set(deviceId, limitOf(deviceId, judged.tally, checks));
      }
      await together(recordActs(tx, acts), claim(tx, claims, limits, judged.tally));
    },
  };
}

function devicesOf(chunk: ChunkOfDevices, rules: DeviceChecks["rules"]): DevicesOfChunk {
  const devices = chunk.accepted.flatMap(({ position, subject }) =>
    subject.kind === "device" ? [{ position, subject }] : [],
  );
  const isAdHoc = chunk.chunk.channel === "ad-hoc";
  const eligibility = !isAdHoc || rules.adHocEligibilityChecked.value;
  return { ...chunk, devices, checks: { rules, eligibility, replacesOnly: isAdHoc } };
}

/** The DCC is issuer and Subscriber at once: the ledger tells such requests from all others. */
const ownRequests = (
  { id, batchId }: Pick<Chunk, "id" | "batchId">,
  party: number,
  count: number,
  at: Date,
): Act => ({
  kind: "certificates.intended-for-dcc",
  at,
  by: "system",
  subject: { batch: batchId, chunk: id, party, count },
});

async function judgeNow(database: Database, chunks: readonly DevicesOfChunk[]): Promise<Judged> {
  const deviceIds = [
    ...new Set(chunks.flatMap(({ devices }) => devices.map(({ subject }) => subject.deviceId))),
  ];
  const look = async (tx: Tx) => judge(chunks, await takeTally(tx, deviceIds));
  const judged = await database.read(look);
  // What was published between two statements was counted twice: nobody is refused for that.
  return judged.isAtLimit ? database.read(look, { snapshot: true }) : judged;
}

/** Claims before certificates: what is published in between is then seen twice, and never not at all. */
async function takeTally(tx: Tx, deviceIds: readonly Eui64[]): Promise<Tally> {
  const [seen, issued, standings] = await together(
    readClaims(tx),
    countDeviceCertificates(tx, deviceIds),
    standingOfDevices(tx, deviceIds),
  );
  return { seen, issued, standings };
}

function judge(chunks: readonly DevicesOfChunk[], tally: Tally): Judged {
  let isAtLimit = false;
  const together = new Map<Eui64, number>();
  const judged = chunks.map(({ party, devices, checks }) => {
    const accepted: DeviceRequest[] = [];
    const outcomes = new Map<number, Outcome>();
    for (const one of devices) {
      const { deviceId } = one.subject;
      const mine = together.get(deviceId) ?? 0;
      const refusal =
        (checks.replacesOnly ? neverCertified(deviceId, tally) : undefined) ??
        (checks.eligibility && party !== undefined
          ? ineligible(party, deviceId, tally, checks)
          : undefined) ??
        full(deviceId, mine, tally, checks);
      if (refusal !== undefined) {
        outcomes.set(one.position, refused(refusal));
        isAtLimit ||= refusal.code === "DEVICE_CERTIFICATE_LIMIT";
        continue;
      }
      together.set(deviceId, mine + 1);
      accepted.push(one);
    }
    return { accepted, outcomes };
  });
  return { chunks: judged, isAtLimit, tally };
}

function neverCertified(deviceId: Eui64, { issued }: Tally): SmkiError | undefined {
  if ((issued.get(deviceId) ?? 0) > 0) return undefined;
  return new SmkiError("DEVICE_NEVER_CERTIFIED", { device: deviceId });
}

function ineligible(
  party: Party,
  deviceId: Eui64,
  { standings }: Tally,
  { rules }: DeviceChecks,
): SmkiError | undefined {
  const device = standings.get(deviceId)?.device;
  const decision = decide(party, device ?? notInInventory, rules);
  if (decision.eligible) return undefined;
  return new SmkiError("DEVICE_NOT_ELIGIBLE", {
    device: deviceId,
    deviceType: device?.deviceType ?? notInInventory,
    smiStatus: device?.smiStatus ?? notInInventory,
    reason: decision.reason,
  });
}

const limitOf = (deviceId: Eui64, { standings }: Tally, { rules }: DeviceChecks): number =>
  standings.get(deviceId)?.certificateLimit ?? rules.deviceCertificatesPerDevice.value;

const taken = (deviceId: Eui64, { seen, issued }: Tally): number =>
  (issued.get(deviceId) ?? 0) + (seen.underWay.get(deviceId) ?? 0);

function full(deviceId: Eui64, mine: number, tally: Tally, checks: DeviceChecks): SmkiError | undefined {
  const certificates = taken(deviceId, tally) + mine;
  const limit = limitOf(deviceId, tally, checks);
  if (certificates < limit) return undefined;
  return new SmkiError("DEVICE_CERTIFICATE_LIMIT", { device: deviceId, certificates, limit });
}

async function claim(
  tx: Tx,
  claims: ReadonlyMap<number, readonly Eui64[]>,
  limits: ReadonlyMap<Eui64, number>,
  tally: Tally,
): Promise<void> {
  if (claims.size === 0) return;
  const chunk = [...claims.keys()].join(" ");
  const since = await claimCertificates(tx, claims, tally.seen.newest);
  if (since === undefined) throw new SmkiError("DEVICE_CLAIMS_CHANGED", { chunk });
  if (since.size === 0) return;
  const mine = new Map<Eui64, number>();
  for (const deviceId of [...claims.values()].flat()) mine.set(deviceId, (mine.get(deviceId) ?? 0) + 1);
  for (const [deviceId, certificates] of since) {
    const own = mine.get(deviceId) ?? 0;
    const limit = limits.get(deviceId) ?? 0;
    if (own > 0 && taken(deviceId, tally) + certificates + own > limit)
      throw new SmkiError("DEVICE_CLAIMS_CHANGED", { chunk, device: deviceId });
  }
}
