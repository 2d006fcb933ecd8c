import { fails, holds } from "../path-check.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** The issuer's name is the subject of the certificate above, octet for octet, as Devices compare them. */
export const names: CertificateCheck = {
  name: "names",
  source: "RFC 5280 4.1.2.4, 4.1.2.6 and 6.1.3 (a) (4)",
  judge: (place) => {
    const { subject, issuer, isRoot } = place;
    const { certificate } = subject;
    if (certificate.issuer.relativeDistinguishedNames.length === 0)
      return fails("name-empty", "It does not name its issuer");
    if (isAuthorityPlace(place) && certificate.subject.relativeDistinguishedNames.length === 0)
      return fails("name-empty", "It is an authority's and does not name it");
    if (isRoot)
      return subject.isSelfIssued
        ? holds("It names itself as its issuer, as a root does")
        : fails("not-self-signed", "It names another issuer than itself, so it is no root");
    if (issuer === undefined) return undefined;
    return certificate.issuer.der.equals(issuer.certificate.subject.der)
      ? holds(`The issuer that it names is ${issuer.label}`)
      : fails("name-chaining", `The issuer that it names is not ${issuer.label}`);
  },
};
