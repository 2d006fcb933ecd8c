import type { Tx } from "../database/transaction.ts";
import { after, before, type Rulebook } from "../rulebook/index.ts";
import { type Authority, crlProfiles, publishesCrl } from "./authority.ts";
import { selectAuthorities } from "./authority-store.ts";
import { missingKeys } from "./missing-keys.ts";
import { currentListRecord } from "./revocation/list-store.ts";

/** How the authorities stand, and what a person should see to. */
export interface AuthorityStanding {
  readonly issuingDca: {
    readonly active: string | null;
    readonly reserved: number;
    readonly released: number;
    readonly stock: number;
    readonly retired: number;
  };
  readonly lists: readonly {
    readonly authority: string;
    readonly number: number;
    readonly nextUpdate: string;
  }[];
  readonly warnings: readonly string[];
}

/** Looks at the stock, the lists and the CAs, and says what needs a person. */
export async function authorityStanding(tx: Tx, rules: Rulebook, now: Date): Promise<AuthorityStanding> {
  const authorities = await selectAuthorities(tx);
  const dcas = authorities.filter(({ profile }) => profile === "issuing-dca");
  const inState = (state: Authority["state"]) => dcas.filter((dca) => dca.state === state).length;
  const active = dcas.find(({ state }) => state === "active");
  const lists: AuthorityStanding["lists"][number][] = [];
  const warnings: string[] = stockWarnings(
    inState("released"),
    inState("stock"),
    active !== undefined,
    rules,
  );
  warnings.push(...deadEnds(authorities));
  for (const id of await missingKeys(tx, now))
    warnings.push(
      `The key of ${id} is not in the workers' key store: nothing is signed under that CA. Put the store back as it was, or restore its back-up.`,
    );
  for (const authority of authorities) {
    const list = await currentListRecord(tx, authority.id);
    // A CA that was revoked revokes nothing more: its last list stays as it is.
    if (list === undefined || authority.state === "revoked") continue;
    lists.push({ authority: authority.id, number: list.number, nextUpdate: list.nextUpdate.toISOString() });
    // ARLs are signed in ceremonies, which take time to arrange; CRLs make themselves.
    if (!publishesCrl(authority.profile) && now >= before(list.nextUpdate, rules.arlWarning))
      warnings.push(
        `The ARL of ${authority.id} ends on ${list.nextUpdate.toISOString()}: hold \`smki ceremony arl\`.`,
      );
    if (publishesCrl(authority.profile) && now >= after(list.thisUpdate, crlInterval(authority, rules)))
      warnings.push(`The CRL of ${authority.id} is overdue: no worker is making it.`);
  }
  return {
    issuingDca: {
      active: active?.id ?? null,
      reserved: active?.reserved ?? 0,
      released: inState("released"),
      stock: inState("stock"),
      retired: inState("retired"),
    },
    lists,
    warnings,
  };
}

function stockWarnings(released: number, stock: number, hasActive: boolean, rules: Rulebook): string[] {
  const warnings: string[] = [];
  if (!hasActive && released === 0)
    warnings.push(
      "No Issuing DCA is released: Device CSRs wait. Two persons release one with `smki authority release`.",
    );
  else if (released === 0)
    warnings.push(
      "No Issuing DCA is released to take over from the active one: release one with `smki authority release`.",
    );
  if (released + stock <= rules.issuingDcaLowStock.value)
    warnings.push(
      `Only ${String(released + stock)} Issuing DCAs are left: make more with \`smki ceremony stock\`.`,
    );
  return warnings;
}

/** Kinds of certificate that nobody can issue any more: their CA is revoked and there is no other. */
function deadEnds(authorities: readonly Authority[]): string[] {
  return crlProfiles.flatMap((profile) => {
    const cas = authorities.filter((authority) => authority.profile === profile);
    if (cas.length === 0 || cas.some(({ state }) => state !== "revoked")) return [];
    const what = profile === "iki-issuing" ? "IKI" : "Organisation";
    return [
      `${profile} is revoked and there is no other: no ${what} Certificate can be issued, and what was asked for waits. Hold \`smki ceremony replace\`.`,
    ];
  });
}

/** How often the CA's CRL is made. */
function crlInterval({ profile }: Authority, rules: Rulebook) {
  return profile === "iki-issuing" ? rules.ikiCrlInterval : rules.organisationCrlInterval;
}
