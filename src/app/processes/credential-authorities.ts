import { setTimeout as sleep } from "node:timers/promises";
import { encodePem } from "../../certificates/index.ts";
import { issuerCertificates } from "../../repository/repository.ts";
import type { Estate } from "../estate/estate.ts";

/**
 * The CAs whose certificates are credentials now, PEM: those of the IKI that issue, with the root, and none that was
 * revoked. Where none issues the root is not trusted either: a client may send a revoked CA's certificate along.
 */
export async function credentialAuthorities({ database }: Pick<Estate, "database">): Promise<string[]> {
  const authorities = (await database.read(issuerCertificates)).filter(({ state }) => state !== "revoked");
  if (!authorities.some(({ profile }) => profile === "iki-issuing")) return [];
  return authorities
    .filter(({ profile }) => profile === "iki-root" || profile === "iki-issuing")
    .map(({ certificate }) => encodePem(certificate));
}

/** How long a CA that was revoked is still named to new connections; its credentials end with the ceremony itself. */
const lookEvery = 5_000;

/** Follows the revocation of a CA, or a new one, until `stop`: a web process lives for months. */
export async function followCredentialAuthorities(
  estate: Pick<Estate, "database">,
  known: readonly string[],
  stop: AbortSignal,
  on: {
    readonly onChange: (trusted: readonly string[]) => void;
    readonly onFailure: (error: unknown) => void;
  },
): Promise<void> {
  let before = known.join("");
  while (!stop.aborted) {
    await sleep(lookEvery, undefined, { signal: stop, ref: false }).catch(() => undefined);
    try {
      const trusted = await credentialAuthorities(estate);
      const now = trusted.join("");
      if (now !== before) on.onChange(trusted);
      before = now;
    } catch (error) {
      on.onFailure(error);
    }
  }
}
