import { errorEntries } from "./entry.ts";

export const databaseErrors = errorEntries({
  DATABASE_DISK_FULL: {
    what: "The disk that holds the database is full",
    remedy:
      "Free space on the disk of the data folder, or move the data folder to a larger one; nothing was half-written, so repeat the request then.",
    status: 503,
  },
  DATABASE_UNAVAILABLE: {
    what: "The database cannot be reached",
    remedy:
      "Check that PostgreSQL runs and that DATABASE_URL is right. If the connection was lost during a change, it may have been recorded all the same: look whether it was before you repeat it.",
    status: 503,
  },
  DATABASE_STOPPING: {
    what: "The database is starting up or shutting down",
    remedy: "Wait until it is up again and repeat the request.",
    status: 503,
  },
  DATABASE_BUSY: {
    what: "The transaction met others that touch the same rows, each time it was tried",
    remedy: "Repeat the request; if this persists, reduce the number of workers.",
    status: 503,
  },
  DATABASE_READ_TOO_LONG: {
    what: "A question to the database took longer than is granted, and was ended",
    remedy:
      "Ask for less: a shorter time or a narrower search. If ordinary questions end so, look for what else keeps the database busy.",
    status: 503,
  },
  DATABASE_FAILED: {
    what: "The database refused a statement",
    remedy:
      "Look in the log for the cause; it is a fault in the program or in the database, not in the request.",
    status: 500,
  },
  DATABASE_RIGHTS_MISSING: {
    what: "The user of the database may not do there what this program does",
    remedy:
      "Make that user the owner of a database of its own: CREATE DATABASE smki OWNER that_user. It needs no superuser.",
    status: 500,
  },
  DATABASE_ROW_DAMAGED: {
    what: "A stored row does not have the form in which it was written",
    remedy: "Verify the database with smki ledger verify, and restore it from a backup if it does not hold.",
    status: 500,
  },
  DATABASE_URL_INVALID: {
    what: "The database URL cannot be read",
    remedy: "Set DATABASE_URL to the form postgresql://user@host:5432/database.",
    status: 500,
  },
  DATABASE_USER_REFUSED: {
    what: "The database does not let this user in",
    remedy:
      "With the embedded database, run the command as the user that runs the service (sudo -u opensmki smki …); with DATABASE_URL, check its user and password.",
    status: 500,
  },
  DATABASE_TOO_OLD: {
    what: "The PostgreSQL server is older than this program needs",
    remedy: "Upgrade the server to PostgreSQL 15 or newer, or unset DATABASE_URL to use the embedded one.",
    status: 500,
  },
  DATABASE_NEWER: {
    what: "The database was written by a newer release of this program",
    remedy: "Start the newer release; migrations only go forward.",
    status: 500,
  },
  MIGRATION_CHANGED: {
    what: "A migration that this database already has differs from the one in this release",
    remedy:
      "Install the released files again; a migration is never edited once released. Changes go in a new one.",
    status: 500,
  },
  MIGRATION_FAILED: {
    what: "A migration could not be applied, and was undone as a whole",
    remedy: "Look in the log for the cause, put it right and start again.",
    status: 500,
  },
  MIGRATION_FILES_INVALID: {
    what: "The migration files of this release are not one numbered sequence that continues the database's",
    remedy: "Install the released files again, or renumber the new migration.",
    status: 500,
  },
  ESTATE_ENVIRONMENT_MISMATCH: {
    what: "This database belongs to the other environment; a database is live or test for ever",
    remedy:
      "Use a data folder and database of their own for each environment, or correct the setting environment.",
    status: 409,
  },
  DATABASE_BINARIES_MISSING: {
    what: "The PostgreSQL binaries for this machine are not installed",
    remedy:
      "Run npm ci with optional dependencies on linux-x64, linux-arm64 or darwin-arm64, or set DATABASE_URL to a PostgreSQL 15 or newer.",
    status: 500,
  },
  DATABASE_FOLDER_NOT_WRITABLE: {
    what: "The database folder cannot be written",
    remedy:
      "Give the user that starts the service write access to the data folder, or name another with --data.",
    status: 500,
  },
  DATABASE_FOLDER_IN_USE: {
    what: "Another process already runs the database in this folder",
    remedy: "Use the running service, stop it first, or name another folder with --data.",
    status: 409,
  },
  DATABASE_SERVER_ELSEWHERE: {
    what: "The database in this folder was started in another container, namespace or machine, and may still run there",
    remedy:
      "Stop it where it was started, or start the service there again. Only if it is certain that no process of it lives anywhere, remove the file postmaster.pid that the details name, and start again: two servers on one folder destroy it.",
    status: 409,
  },
  DATABASE_FOLDER_NEWER: {
    what: "The database folder was written by a newer major version of PostgreSQL than the one installed here",
    remedy: "Start the release of this program that wrote it.",
    status: 500,
  },
  DATABASE_FOLDER_OLDER: {
    what: "The database folder was written by an older major version of PostgreSQL than the one installed here",
    remedy:
      "Upgrade the cluster with pg_upgrade of the installed major version, or start the release of this program that wrote it.",
    status: 500,
  },
  DATABASE_START_FAILED: {
    what: "The embedded PostgreSQL server did not start",
    remedy: "Read the server's own words in the details; the data is as the last run left it.",
    status: 500,
  },
});
