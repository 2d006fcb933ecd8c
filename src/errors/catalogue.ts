import { appErrors } from "./app.ts";
import { backupErrors } from "./backup.ts";
import { boxedErrors } from "./boxed.ts";
import { ceremonyErrors } from "./ceremony.ts";
import { certificateErrors } from "./certificates.ts";
import { clientErrors } from "./client.ts";
import { crlErrors } from "./crl.ts";
import { csrErrors } from "./csr.ts";
import { databaseErrors } from "./database.ts";
import { deviceErrors } from "./devices.ts";
import { extractErrors } from "./extract.ts";
import { interfaceErrors } from "./interfaces.ts";
import { issuanceErrors } from "./issuance.ts";
import { keyErrors } from "./keys.ts";
import { ledgerErrors } from "./ledger.ts";
import { ledgerCopyErrors } from "./ledger-copy.ts";
import { registrationErrors } from "./registration.ts";
import { repositoryErrors } from "./repository.ts";
import { settingsErrors } from "./settings.ts";
import { webErrors } from "./web.ts";
import { witnessErrors } from "./witness.ts";

/** The one catalogue: every code with what happened and what to do. `docs/errors.md` is generated from it. */
export const catalogue = {
  ...certificateErrors,
  ...csrErrors,
  ...crlErrors,
  ...settingsErrors,
  ...databaseErrors,
  ...keyErrors,
  ...ledgerErrors,
  ...ledgerCopyErrors,
  ...witnessErrors,
  ...registrationErrors,
  ...ceremonyErrors,
  ...deviceErrors,
  ...issuanceErrors,
  ...repositoryErrors,
  ...extractErrors,
  ...backupErrors,
  ...webErrors,
  ...boxedErrors,
  ...interfaceErrors,
  ...clientErrors,
  ...appErrors,
} as const;

/** A stable error code: the key of a catalogue entry. */
export type ErrorCode = keyof typeof catalogue;
