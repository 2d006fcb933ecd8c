import { errorEntries } from "./entry.ts";

/** Refusals of messages and files of SEC Appendix M. The web services answer with codes of their own: docs/interfaces.md. */
export const interfaceErrors = errorEntries({
  MESSAGE_INVALID: {
    what: "The XML is not a message of this interface",
    remedy:
      "Compare it with the schema of the interface: the elements in their order, each with its attributes and no others.",
    status: 400,
  },
  MESSAGE_VERSION_UNSUPPORTED: {
    what: "The message is of another version of the interface than this address takes",
    remedy: "Send Version 1.0, exactly so, to the address with that version.",
    status: 400,
  },
  MESSAGE_REFERENCE_INVALID: {
    what: "The root element has no ID of the length that the interface takes",
    remedy: "Give the root an ID of 1 to 32 characters for a single CSR, of 1 to 256 for a batch.",
    status: 400,
  },
  MESSAGE_CSR_IDENTIFIER_INVALID: {
    what: "The ID of a DeviceCSR is not an XML name",
    remedy:
      "Give each DeviceCSR an ID of 1 to 100 characters that begins with a letter or underscore, followed by letters, digits, underscores, hyphens and full stops (xs:ID); not a number alone.",
    status: 400,
  },
  MESSAGE_CSR_IDENTIFIER_REPEATED: {
    what: "Two DeviceCSR elements of the batch have the same ID",
    remedy: "Give each DeviceCSR of a batch an ID of its own.",
    status: 400,
  },
  MESSAGE_BASE64_INVALID: {
    what: "The text of an element is not Base64 as this interface takes it",
    remedy: "Send the DER in Base64 with its padding, without headers, blanks and line breaks.",
    status: 400,
  },
  MESSAGE_MEDIA_TYPE: {
    what: "The body is not sent as XML in UTF-8",
    remedy: "Send it with the header content-type: application/xml;charset=UTF-8.",
    status: 415,
  },
  DEVICE_NEVER_CERTIFIED: {
    what: "No Device Certificate was ever issued for this Device, so that there is none to replace",
    remedy:
      "The ad hoc service replaces certificates (SEC Appendix M 2.4.1.3); have the first ones issued in a batch, and check the Device ID.",
    status: 409,
  },
  EST_NO_CURRENT_CERTIFICATE: {
    what: "The Device has no certificate of this usage that could be in use, so that there is none to replace",
    remedy:
      "Use simpleenroll for the first certificate of a Device; otherwise check the Device ID and key usage.",
    status: 409,
  },
  EST_ALLOWANCE_USED: {
    what: "Your Party has used its allowance of CSRs over EST for these 24 hours",
    remedy: "Send the rest as a batch, or later; or ask the operator for more (the setting est.allowance).",
    status: 429,
  },
  ANSWER_INVALID: {
    what: "The answer of the service is not a message of SEC Appendix M",
    remedy:
      "Check that the address is that of the web service; if it is, report the answer to whoever runs it.",
    status: 500,
  },
  BATCH_FILE_MALFORMED: {
    what: "The file is not a ZIP archive as the portal takes it",
    remedy:
      "Make the archive anew with a common tool: files only, each stored or deflated, without encryption, ZIP64 or anything before or after the archive.",
    status: 400,
  },
  BATCH_FILE_ENTRY_REFUSED: {
    what: "An entry of the batch file is not one that the portal takes",
    remedy:
      "Put only files named *.csr into the archive, all in its root, each under a name of its own (capitals or not), with one CSR in each.",
    status: 400,
  },
  BATCH_FILE_TOO_LARGE: {
    what: "The batch file, or what is packed in it, is larger than the portal takes",
    remedy: "Put one CSR in Base64 in each file and nothing else, and split the batch if need be.",
    status: 413,
  },
});
