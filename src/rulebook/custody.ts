import { rule } from "./rule.ts";
import { deviceCertificatePolicy, response, sectionG } from "./sources.ts";

/** Who may use a certification authority's key, where, and for how long. */
export const custody = {
  ceremonyWitnesses: rule({
    clause: "Appendix A and B 6.2.2",
    meaning: "named persons who must be present for a root key to be used",
    value: 2,
    unit: "persons",
    binds: "every CA",
    source: "Certificate Policies: at least two privileged persons; the exact number is not published",
    certainty: "recalled-medium",
  }),
  stockReleasePersons: rule({
    clause: "Appendix A 6.2.2",
    meaning: "named persons who must agree to release a prepared stock of Issuing DCA keys for use",
    value: 2,
    unit: "persons",
    binds: "Device CA",
    source: "Certificate Policies: at least two privileged persons; the exact number is not published",
    certainty: "recalled-medium",
  }),
  issuingDcaMaximumCertificates: rule({
    clause: "Appendix A 6.3.2",
    meaning: "Device Certificates after which an Issuing DCA key is used no more",
    value: 100_000,
    unit: "certificates",
    binds: "Device CA",
    source: deviceCertificatePolicy,
    certainty: "recalled-low",
  }),
  issuingDcaMaximumAge: rule({
    clause: "Appendix A 6.3.2",
    meaning: "time from its first use after which an Issuing DCA key is used no more",
    value: 3,
    unit: "months",
    binds: "Device CA",
    source: deviceCertificatePolicy,
    certainty: "recalled-low",
  }),
  issuingDcaStockSize: rule({
    clause: "Appendix A 6.3.2",
    meaning: "Issuing DCA keys and certificates that one ceremony prepares",
    value: 24,
    unit: "certificates",
    binds: "operator",
    source:
      "not published; chosen as six years at one a quarter, or six nights at the full capacity of a night",
    certainty: "chosen",
  }),
  issuingDcaLowStock: rule({
    clause: "Appendix A 6.3.2",
    meaning: "unused Issuing DCAs at or below which the next ceremony is asked for",
    value: 8,
    unit: "certificates",
    binds: "operator",
    source:
      "not published; chosen as two years at one a quarter, or two nights at the full capacity of a night",
    certainty: "chosen",
  }),
  systemControlsLocation: rule({
    clause: "G5, location of System Controls",
    meaning: "where the controls of systems that use SMKI keys must be",
    value: "Great Britain",
    binds: "DCC",
    source: `${sectionG} as consulted on; ${response}, question 16`,
    certainty: "read",
  }),
};
