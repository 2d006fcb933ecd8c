import type { SerialNumber } from "../certificates/index.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { CertificatePolicyName } from "./party.ts";

/** Who acts, in which hat. Everything that is recorded carries `name`. */
export type Principal = CredentialHolder | LocalOperator;

/** An officer or a system of a Party, known by its IKI Certificate (mutual TLS). */
export interface CredentialHolder {
  readonly kind: "credential";
  readonly name: `credential:${string}`;
  readonly serialNumber: SerialNumber;
  readonly partyId: number;
  readonly officerId?: number;
  readonly systemName?: string;
  readonly subscriberFor: CertificatePolicyName;
  /** A system's credential for one of the web services: it is good for nothing else. */
  readonly webService?: WebService;
}

/** The Device CSR web services of SEC Appendix M 2.4 and 2.5. */
export type WebService = "ad-hoc" | "batched";

/** What a credential is used for: one of the web services, or whatever else there is. */
export type CredentialUse = WebService | "other";

/** The person at the machine itself: runs ceremonies and the Registration Authority's verbs. */
export interface LocalOperator {
  readonly kind: "operator";
  readonly name: `operator:${string}`;
}

export function localOperator(userName: string): LocalOperator {
  return { kind: "operator", name: `operator:${userName}` };
}

/**
 * Refuses a credential that was given for the other hat: one certificate, one role (SEC Appendix M 2.3).
 *
 * @throws SmkiError NOT_PERMITTED
 */
export function requireHat(principal: Principal, hat: CertificatePolicyName): void {
  if (principal.kind === "credential" && principal.subscriberFor !== hat)
    throw new SmkiError("NOT_PERMITTED", { needed: hat, held: principal.subscriberFor });
}

/**
 * Refuses a credential where it is not for: that of a web service is for that one only, and a web service takes no other
 * (SEC Appendix M 2.4, 2.5).
 *
 * @throws SmkiError NOT_PERMITTED
 */
export function requireUse({ webService }: CredentialHolder, use: CredentialUse): void {
  const held = webService ?? "other";
  if (held !== use)
    throw new SmkiError("NOT_PERMITTED", { needed: credentialFor[use], held: credentialFor[held] });
}

const credentialFor: Record<CredentialUse, string> = {
  "ad-hoc": "a credential for the Ad Hoc Device CSR Web Service",
  batched: "a credential for the Batched Device CSR Web Service",
  other: "a credential that is not for a web service",
};

/**
 * Refuses everyone but the person at the machine.
 *
 * @throws SmkiError NOT_PERMITTED
 */
export function requireOperator(principal: Principal): void {
  if (principal.kind !== "operator") throw new SmkiError("NOT_PERMITTED", { needed: "operator" });
}
