import { errorEntries } from "./entry.ts";

export const registrationErrors = errorEntries({
  PARTY_INVALID: {
    what: "The Party's registration is not acceptable",
    remedy: "Correct the field that is named and register the Party again.",
    status: 422,
  },
  PARTY_NAME_TAKEN: {
    what: "A Party of that name or signifier is registered already",
    remedy: "List the Parties with `smki party list`; give the new one a name and signifier of its own.",
    status: 409,
  },
  PARTY_NOT_FOUND: {
    what: "No such Party is registered",
    remedy: "List the Parties with `smki party list`, or register it with `smki party add`.",
    status: 404,
  },
  IDENTIFIER_ALLOCATED: {
    what: "The EUI-64 identifier or range is allocated already, in whole or in part",
    remedy: "An EUI-64 identifier belongs to one Party. Check the allocation with `smki party show`.",
    status: 409,
  },
  OFFICER_NOT_FOUND: {
    what: "No such officer is registered for that Party",
    remedy: "List the Party's officers with `smki party show`, or add one with `smki party appoint`.",
    status: 404,
  },
  CREDENTIAL_UNKNOWN: {
    what: "The client certificate is not an IKI credential of this installation",
    remedy:
      "Present the IKI Certificate that was issued to you here. `smki party show` lists a Party's credentials.",
    status: 401,
  },
  CREDENTIAL_ENDED: {
    what: "The IKI credential has been ended",
    remedy: "Ask the Registration Authority for a new credential.",
    status: 401,
  },
  CREDENTIAL_REQUIRED: {
    what: "The request needs an IKI client certificate",
    remedy: "Connect with the private key and IKI Certificate of an officer or a system of your Party.",
    status: 401,
  },
  CREDENTIAL_HOLDER_NEEDED: {
    what: "A credential is held by an officer or by a system, one of the two",
    remedy: "Give --officer with the officer's number (see `smki party show`), or --system with a name.",
    status: 422,
  },
  CREDENTIAL_SYSTEM_DIFFERS: {
    what: "The CSR for a credential of a web service names another system than the one that shall hold it",
    remedy:
      "Make the CSR with CN = the system's name, letter for letter as given with --system (SEC Appendix M Appendix G).",
    status: 422,
  },
  NOT_PERMITTED: {
    what: "The credential does not permit this act",
    remedy:
      "Use the credential for the right hat (Device or Organisation subscriber), or ask the Registration Authority.",
    status: 403,
  },
  NOT_AN_AUTHORISED_SUBSCRIBER: {
    what: "The Party is not an Authorised Subscriber under that Certificate Policy",
    remedy: "The Registration Authority approves it with `smki party approve`.",
    status: 403,
  },
  NOT_AN_ELIGIBLE_SUBSCRIBER: {
    what: "The Party may not have an Organisation Certificate for that EUI-64 identifier and role",
    remedy:
      "The EUI-64 identifier and the Remote Party Role in the CSR must both be allocated to your own Party (SEC Appendix M 2.3.1.3).",
    status: 403,
  },
});
