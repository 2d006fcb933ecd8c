import type { Eui64, SerialNumber } from "../certificates/index.ts";
import type { Database } from "../database/connect.ts";
import { Gathering } from "../database/gathering.ts";
import type { Clock } from "../time/clock.ts";
import {
  type CertificateSearch,
  type RepositoryCertificate,
  retrieveCertificates,
  searchCertificates,
  searchDevices,
} from "./repository.ts";

/** What the repository is asked most. */
export interface LookUps {
  /** The certificate with that serial number. @throws SmkiError CERTIFICATE_NOT_FOUND */
  retrieve(serialNumber: SerialNumber): Promise<RepositoryCertificate>;
  /** Searches, newest first. @throws SmkiError SEARCH_EMPTY when nothing is asked for */
  search(search: CertificateSearch): Promise<RepositoryCertificate[]>;
}

/**
 * For a process that is asked a thousand times a second: serial numbers, and Devices, that are asked for at about the same
 * time go to the database in one statement, since the way there and back is nearly the whole price of a look-up.
 */
export function lookUps(database: Database, clock: Clock): LookUps {
  const serialNumbers = new Gathering((asked: readonly SerialNumber[]) =>
    database.read((tx) => retrieveCertificates(tx, asked, clock())),
  );
  const devices = new Gathering((asked: readonly Eui64[]) =>
    database.read((tx) => searchDevices(tx, asked, clock())),
  );
  return {
    retrieve: (serialNumber) => serialNumbers.ask(serialNumber),
    search: (search) => {
      const { device, ...rest } = search;
      return device !== undefined && Object.keys(rest).length === 0
        ? devices.ask(device)
        : database.read((tx) => searchCertificates(tx, search, clock()));
    },
  };
}
