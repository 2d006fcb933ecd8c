import { errorEntries } from "./entry.ts";

export const settingsErrors = errorEntries({
  SETTINGS_INVALID: {
    what: "The settings hold mistakes",
    remedy: "Correct each one named; smki config template prints a file with every key explained.",
    status: 500,
  },
  SETTINGS_FILE_MISSING: {
    what: "The settings file cannot be read",
    remedy: "Check the path and its permissions; smki config template prints a file to begin with.",
    status: 500,
  },
  SETTINGS_FILE_INVALID: {
    what: "The settings file is not valid TOML",
    remedy: "Correct the line named; see toml.io for the syntax.",
    status: 500,
  },
});
