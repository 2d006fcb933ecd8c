import { notify } from "../database/connect.ts";
import { together } from "../database/together.ts";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import type { Act } from "../ledger/act.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { CredentialHolder } from "../registration/principal.ts";
import { partyById } from "../registration/registration.ts";
import type { Rulebook } from "../rulebook/index.ts";
import { requestsChannel, requireSubmitter, singlesNews } from "./receive.ts";
import { insertSingles } from "./request-store.ts";

/** One CSR of the Ad Hoc Device CSR Web Service, as it came in. */
export interface AdHocReceipt {
  readonly by: CredentialHolder;
  /** The client's own name for it. */
  readonly reference: string;
  /** PKCS#10, DER, not yet looked at. */
  readonly request: Uint8Array;
  /** When its last octet came in. */
  readonly at: Date;
}

/**
 * Receives single Device CSRs of the Ad Hoc Device CSR Web Service, which replaces certificates of Devices in the
 * field: only those who answer for such Devices may use it (SEC Appendix M 2.4, Appendix N 2.1.2). What `receive` says
 * of durability holds here.
 *
 * @returns for each the number of its batch of one; or why it is not received: NOT_PERMITTED, PARTY_NOT_FOUND
 */
export async function receiveAdHocs(
  tx: Tx,
  receipts: readonly AdHocReceipt[],
  rules: Pick<Rulebook, "adHocSubscribers">,
): Promise<(number | SmkiError)[]> {
  const answers: (number | SmkiError)[] = [];
  const good: { readonly place: number; readonly receipt: AdHocReceipt }[] = [];
  const judge = oncePerCredential((by) => refusalOf(tx, by, rules.adHocSubscribers.value));
  for (const [place, receipt] of receipts.entries()) {
    const refusal = await judge(receipt.by);
    if (refusal === undefined) good.push({ place, receipt });
    else answers[place] = refusal;
  }
  if (good.length === 0) return answers;
  const numbers = await insertSingles(
    tx,
    good.map(({ receipt: { by, reference, request, at } }) => ({
      ...{ channel: "ad-hoc", kind: "device", reference, partyId: by.partyId, requestedBy: by.name },
      ...{ receivedAt: at, request },
    })),
  );
  for (const [index, { place }] of good.entries()) answers[place] = numbers[index] ?? 0;
  await together(
    recordActs(
      tx,
      good.map(({ place, receipt }) => receivedAct(receipt, Number(answers[place]))),
    ),
    notify(tx, requestsChannel, singlesNews),
  );
  return answers;
}

const receivedAct = ({ by, at }: AdHocReceipt, batch: number): Act => ({
  kind: "requests.received",
  at,
  by: by.name,
  subject: { batch, kind: "device", channel: "ad-hoc", count: 1 },
});

/** What stands of a Party is the same for all that come in together. */
function oncePerCredential(
  judge: (by: CredentialHolder) => Promise<SmkiError | undefined>,
): (by: CredentialHolder) => Promise<SmkiError | undefined> {
  const judged = new Map<string, Promise<SmkiError | undefined>>();
  return (by) => {
    const known = judged.get(by.serialNumber) ?? judge(by);
    judged.set(by.serialNumber, known);
    return known;
  };
}

async function refusalOf(
  tx: Tx,
  by: CredentialHolder,
  permitted: readonly string[],
): Promise<SmkiError | undefined> {
  try {
    await requireSubmitter(tx, by, { kind: "device" });
    const { categories } = await partyById(tx, by.partyId);
    if (categories.some((category) => permitted.includes(category))) return undefined;
    return new SmkiError("NOT_PERMITTED", { needed: permitted.join(" or "), held: categories.join(", ") });
  } catch (error) {
    if (isSmkiError(error, "NOT_PERMITTED") || isSmkiError(error, "PARTY_NOT_FOUND")) return error;
    throw error;
  }
}
