import type { CertificateProfile } from "../../profiles/index.ts";
import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** Who issues what: three hierarchies of three levels, and nothing across. The kind of key is part of what a profile is. */
const issuerOf: Readonly<Record<CertificateProfile, CertificateProfile | undefined>> = {
  "root-oca": undefined,
  "issuing-oca": "root-oca",
  organisation: "issuing-oca",
  "root-dca": undefined,
  "issuing-dca": "root-dca",
  device: "issuing-dca",
  "iki-root": undefined,
  "iki-issuing": "iki-root",
  "iki-end-entity": "iki-issuing",
};

/** The certificate stands where one of its kind stands in the SMKI. A path of another shape is not one of the SMKI. */
export const hierarchy: CertificateCheck = {
  name: "hierarchy",
  source: "SEC Appendix A, B and Q (certificate profiles); SEC Section L",
  judge: ({ subject, issuer, isRoot }, { shape }) => {
    if (shape === "any") return undefined;
    const { profile } = subject;
    if (profile === undefined) return fails("hierarchy", "It resembles no certificate of the SMKI");
    const above = issuerOf[profile];
    if (isRoot)
      return above === undefined
        ? holds("It is a root of the SMKI's hierarchies")
        : fails("hierarchy", "It is of a kind that stands under a root");
    if (issuer === undefined) return undefined;
    return above !== undefined && issuer.profile === above
      ? holds(`One of its kind is issued by one of the kind of ${issuer.label}`)
      : fails("hierarchy", `One of its kind is not issued by one of the kind of ${issuer.label}`);
  },
};
