import type { Database } from "../database/connect.ts";
import { Gathering } from "../database/gathering.ts";
import { isSmkiError, type SmkiError } from "../errors/smki-error.ts";
import type { Rulebook } from "../rulebook/index.ts";
import { meaningOf } from "./chunk-fault.ts";
import { type AdHocReceipt, receiveAdHocs } from "./receive-ad-hoc.ts";

/**
 * Receives CSRs of the Ad Hoc Device CSR Web Service: those that come in at about the same time in one transaction, since
 * its commit costs more than all the rest of a receipt. What it says of one is about that one alone.
 */
export class AdHocReceipts {
  readonly #gathering: Gathering<AdHocReceipt, number>;

  constructor(database: Database, rules: Pick<Rulebook, "adHocSubscribers">) {
    const receive = (receipts: readonly AdHocReceipt[]) =>
      database.transaction((tx) => receiveAdHocs(tx, receipts, rules));
    this.#gathering = new Gathering(async (receipts) => {
      try {
        return await receive(receipts);
      } catch (error) {
        if (receipts.length === 1 || meaningOf(error) === "outage") throw error;
        // Something that PostgreSQL does not take, in one of them: the transaction is undone, and the others are not to blame.
        const alone: (number | SmkiError)[] = [];
        for (const receipt of receipts) alone.push(...(await receive([receipt]).catch(refusalIn)));
        return alone;
      }
    });
  }

  /**
   * @returns the number of its batch of one, which is durable
   * @throws SmkiError NOT_PERMITTED, PARTY_NOT_FOUND; DATABASE_ codes
   */
  receive(receipt: AdHocReceipt): Promise<number> {
    return this.#gathering.ask(receipt);
  }
}

function refusalIn(error: unknown): SmkiError[] {
  if (!isSmkiError(error)) throw error;
  return [error];
}
