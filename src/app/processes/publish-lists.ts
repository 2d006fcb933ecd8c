import { setTimeout as sleep } from "node:timers/promises";
import { type Authority, publishesCrl } from "../../authorities/authority.ts";
import type { PublishedList } from "../../authorities/certificates.ts";
import { publishDueList } from "../../authorities/revocation/publish-list.ts";
import type { Signer } from "../../keys/signer.ts";
import { issuerCertificates } from "../../repository/repository.ts";
import type { Estate } from "../estate/estate.ts";
import { clockToleranceSeconds, crlSchedule } from "../estate/terms.ts";

/** What making lists tells; the worker logs it. */
export interface ListEvents {
  readonly onList: (list: PublishedList) => void;
  /** @param authorityId - whose list was not made; undefined when none could be looked at */
  readonly onFailure: (error: unknown, authorityId?: string) => void;
  /** Asked before each round. What it throws ends the loop: no list is made any more. */
  readonly beforeRound?: () => Promise<void>;
}

const lookForDueListsEvery = 1_000;

/** Makes each list as it falls due: judged from the data, so that one missed while we were down is made at once. */
export async function publishLists(
  estate: Estate,
  signer: Signer,
  stop: AbortSignal,
  events: ListEvents,
): Promise<void> {
  const making = new Map<string, Promise<void>>();
  try {
    while (!stop.aborted) {
      await events.beforeRound?.();
      await lookRound(estate, signer, events, making);
      await sleep(lookForDueListsEvery, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await Promise.all(making.values());
  }
}

/** One round, to its end: every active CA with a CRL. */
export async function publishDueLists(estate: Estate, signer: Signer, events: ListEvents): Promise<void> {
  const making = new Map<string, Promise<void>>();
  await lookRound(estate, signer, events, making);
  await Promise.all(making.values());
}

/**
 * Begins a round, and waits for none of its lists: a CA whose list cannot be made, or takes long, holds up no other's.
 *
 * @param making - what is being made, by CA; one that is still at it is not begun again
 */
async function lookRound(
  estate: Estate,
  signer: Signer,
  events: ListEvents,
  making: Map<string, Promise<void>>,
): Promise<void> {
  let authorities: Authority[];
  try {
    authorities = await estate.database.read(issuerCertificates);
  } catch (error) {
    events.onFailure(error);
    return;
  }
  for (const authority of authorities) {
    if (making.has(authority.id)) continue;
    const made = publishOf(estate, signer, authority)
      .then(
        (list) => {
          if (list !== undefined) events.onList(list);
        },
        (error: unknown) => {
          events.onFailure(error, authority.id);
        },
      )
      .finally(() => making.delete(authority.id));
    making.set(authority.id, made);
  }
}

async function publishOf(
  { database, clock, settings, rules }: Estate,
  signer: Signer,
  authority: Authority,
): Promise<PublishedList | undefined> {
  const { profile } = authority;
  if (!publishesCrl(profile) || authority.state !== "active") return undefined;
  const making = { database, signer, clock, toleranceSeconds: clockToleranceSeconds(settings, rules) };
  return publishDueList(making, authority, crlSchedule(rules, profile));
}
