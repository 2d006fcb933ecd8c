import { errorEntries } from "./entry.ts";

/** Refusals about Devices: the inventory, and who may have certificates for which Device. */
export const deviceErrors = errorEntries({
  DEVICE_NOT_ELIGIBLE: {
    what: "The Party is no Eligible Subscriber for this Device, by its type and SMI status in the inventory",
    remedy:
      "SEC L3.16: after installation only the Supplier of record has certificates for a meter, the DCC for a communications hub, and nobody for a Type 2 Device. Where the inventory is wrong, ask the DCC to correct it.",
    status: 403,
  },
  DEVICE_CERTIFICATE_LIMIT: {
    what: "As many Device Certificates as a Device may have were issued for this one",
    remedy:
      "Ask the Registration Authority to look at the Device; it may raise the limit for it with `smki device limit`, giving a reason (SEC Appendix M 2.3.1.7).",
    status: 409,
  },
  DEVICE_CLAIMS_CHANGED: {
    what: "Certificates for the same Device were recorded by another chunk meanwhile; nothing was written",
    remedy: "Nothing to do: the chunk is checked again by itself.",
    status: 503,
  },
  DEVICE_INVALID: {
    what: "What is said of the Device is not acceptable",
    remedy: "Correct the field that is named.",
    status: 422,
  },
  DEVICE_NOT_LISTED: {
    what: "The inventory lists no such Device, or none that is yours to see",
    remedy: "Check the Device ID. A Device is listed with `smki device add` or `smki device import`.",
    status: 404,
  },
  DEVICE_LISTED: {
    what: "The inventory lists the Device already",
    remedy: "See what it says with `smki device show`, and change it with `smki device set`.",
    status: 409,
  },
  DEVICE_LIMIT_INVALID: {
    what: "The limit on the certificates of a Device is not acceptable",
    remedy: "Give a whole number from 1 to 1,000,000, and the reason in 500 characters at the most.",
    status: 422,
  },
  DEVICE_FILE_INVALID: {
    what: "The file of Devices has lines that cannot be taken; nothing was changed",
    remedy: "Correct the lines that are named and send the whole file again. `--dry-run` checks it alone.",
    status: 422,
  },
  CSV_UNREADABLE: {
    what: "The file is not comma-separated values in UTF-8",
    remedy:
      "Write it as RFC 4180 has it: UTF-8, one Device a line of at most 4,096 characters, fields with a comma in double quotes.",
    status: 422,
  },
});
