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
});
