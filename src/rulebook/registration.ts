import { rule } from "./rule.ts";
import { appendixM, response, sectionL2 } from "./sources.ts";

/** Which CSRs are approved, how certificates are handed over, and who may stop it all. */
export const registration = {
  deviceCertificatesPerDevice: rule({
    clause: "Appendix M 2.3.1.7",
    meaning: "a CSR is approved only while fewer Device Certificates than this were issued for its Device",
    value: 100,
    unit: "certificates",
    binds: "Registration Authority",
    source: appendixM,
    certainty: "read",
  }),
  adHocSubscribers: rule<readonly string[]>({
    clause: "Appendix M 2.4, Appendix N 2.1.2",
    meaning:
      "categories of Parties that may use the Ad Hoc Device CSR Web Service: those that can be Import or Gas Supplier, and the DCC",
    value: ["large-supplier", "small-supplier", "dcc"],
    binds: "Authorised Subscriber",
    source: appendixM,
    certainty: "read",
  }),
  adHocEligibilityChecked: rule({
    clause: "Appendix M 2.4.1.3",
    meaning: "SEC L3.16 is checked on a CSR of the Ad Hoc Device CSR Web Service too",
    value: true,
    binds: "Registration Authority",
    source:
      "not published; chosen because SEC L3.16 binds every channel, though Appendix M 2.4 does not list the check",
    certainty: "chosen",
  }),
  adHocPatience: rule({
    clause: "L8.1(a)",
    meaning:
      "how long an ad hoc request waits for its certificate before it is answered that there is none yet",
    value: 30,
    unit: "seconds",
    binds: "operator",
    source: "not published; chosen as the longest target that any edition has for a single CSR",
    certainty: "chosen",
  }),
  csrMaximumOctets: rule({
    clause: "Appendix M 2.2",
    meaning: "longest CSR that is read, in DER",
    value: 4_096,
    unit: "octets",
    binds: "operator",
    source: "not published; chosen far above the 279 octets of a Device's and the 1,000 of an RSA key's",
    certainty: "chosen",
  }),
  rejectedCsrKeyReusable: rule({
    clause: "Appendix M 2.3.1",
    meaning: "the Key Pair of a rejected CSR may be used in another",
    value: true,
    binds: "Authorised Subscriber",
    source: `${appendixM}: for an Organisation CSR; of a Device it says that it depends on the error`,
    certainty: "read",
  }),
  issuedKeyReusable: rule({
    clause: "Appendix A and B 4.6",
    meaning: "the Key Pair of an issued certificate may be used in a CSR again (renewal)",
    value: false,
    binds: "Authorised Subscriber",
    source: "Certificate Policies: no renewal with the same key",
    certainty: "recalled-high",
  }),
  pickupDays: rule({
    clause: "Appendix M 2.3.1.9",
    meaning: "how long issued certificates can be fetched from the portal and the batch service",
    value: 30,
    unit: "days",
    binds: "DCC",
    source: appendixM,
    certainty: "read",
  }),
  emergencySuspensionDirector: rule({
    clause: "L2, emergency suspension",
    meaning: "who may direct the emergency suspension of SMKI Services, and its lifting",
    value: "SMKI PMA",
    binds: "DCC",
    source: `${sectionL2}; ${response}, question 4`,
    certainty: "read",
  }),
};
