import type { SerialNumber } from "../certificates/index.ts";
import type { Database } from "../database/connect.ts";
import { Gathering } from "../database/gathering.ts";
import type { Clock } from "../time/clock.ts";
import { type RepositoryCertificate, retrieveCertificates } from "./repository.ts";

/** Retrieves one certificate by its serial number. @throws SmkiError CERTIFICATE_NOT_FOUND */
export type RetrieveCertificate = (serialNumber: SerialNumber) => Promise<RepositoryCertificate>;

/**
 * For a process that is asked a thousand times a second: what is asked at about the same time goes to the database in one
 * statement, since the way there and back is nearly the whole price of a look-up.
 */
export function certificateRetrieval(database: Database, clock: Clock): RetrieveCertificate {
  const retrieval = new Gathering((serialNumbers: readonly SerialNumber[]) =>
    database.read((tx) => retrieveCertificates(tx, serialNumbers, clock())),
  );
  return (serialNumber) => retrieval.ask(serialNumber);
}
