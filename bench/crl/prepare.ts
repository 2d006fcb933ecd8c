import type { Estate } from "../../src/app/estate/estate.ts";
import { openLedgerSigner } from "../../src/app/estate/key-stores.ts";
import { crlSchedule } from "../../src/app/estate/terms.ts";
import { type Authority, listAuthorities } from "../../src/authorities/authorities.ts";
import type { PublishedList } from "../../src/authorities/certificates.ts";
import { type ListStep, publishDueList } from "../../src/authorities/revocation/publish-list.ts";
import { lodgeRevokedFiller } from "../../src/authorities/testkit/filler.ts";
import type { Signer } from "../../src/keys/signer.ts";
import type { CheckpointSigner } from "../../src/ledger/checkpoint-signer.ts";

/** What lists are made with, in one process. */
export interface ListDesk {
  readonly estate: Estate;
  readonly signer: Signer;
  readonly ledger: CheckpointSigner;
  readonly authority: Authority;
  /** Time goes on by more than a long list rests before the next. */
  later(): void;
  readonly now: () => Date;
}

const longestRest = 11_000;

export async function openDesk(estate: Estate, signer: Signer): Promise<ListDesk> {
  const authorities = await estate.database.read((tx) => listAuthorities(tx));
  const authority = authorities.find(({ profile }) => profile === "issuing-oca");
  if (authority === undefined) throw new Error("no Issuing OCA");
  let ahead = 0;
  return {
    estate,
    signer,
    ledger: await openLedgerSigner(estate, signer),
    authority,
    now: () => new Date(estate.clock().getTime() + ahead),
    later: () => {
      ahead += longestRest;
    },
  };
}

/** Makes the list if it is due, as a worker does each second. */
export function publish(
  { estate, signer, authority, now }: ListDesk,
  afterStep?: (step: ListStep) => void,
): Promise<PublishedList | undefined> {
  const time = { clock: now, toleranceSeconds: 5, ...(afterStep === undefined ? {} : { afterStep }) };
  const schedule = crlSchedule(estate.rules, "issuing-oca");
  return publishDueList({ database: estate.database, signer, ...time }, authority, schedule);
}

let filled = 0;

/** Revokes filler: rows without certificates, since only their number matters here. */
export async function revokeFiller(desk: ListDesk, count: number): Promise<void> {
  const from = filled + 1;
  filled += count;
  await desk.estate.database.transaction((tx) =>
    lodgeRevokedFiller(tx, desk.authority.id, from, count, desk.now()),
  );
}

/** Numbers for filler that nobody has used yet. @returns the first of them */
export function reserveFiller(count: number): number {
  const from = filled + 1;
  filled += count;
  return from;
}
