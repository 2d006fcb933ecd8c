import type { Database } from "../../../database/connect.ts";
import type { BatchTerms } from "../../../issuance/batch-terms.ts";
import type { Rulebook } from "../../../rulebook/index.ts";
import type { Clock } from "../../../time/clock.ts";
import type { ReadClientCertificate } from "../../server/principal.ts";
import type { UploadSlots } from "../../server/upload-slots.ts";

/** What the web services of SEC Appendix M work with: given by the app. */
export interface SmkiServicesContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Rulebook;
  readonly terms: BatchTerms;
  /** `Build` of every answer: what software this is. */
  readonly build: string;
  /** Address of the Ad Hoc Device CSR Web Service. Appendix M leaves it to the SMKI User Guide. */
  readonly adHocPath: string;
  /** How many batches are taken in at once, the others in turn; absent: no limit. */
  readonly uploads?: UploadSlots;
  /** Aborted when the service stops: requests that wait are answered then. */
  readonly stopping?: AbortSignal;
  /** How long an ad hoc request waits for its certificate, in milliseconds. */
  readonly patience?: number;
  /** How a request's client certificate is read; from the TLS connection if left out. */
  readonly readClientCertificate?: ReadClientCertificate;
}
