import { fails, holds } from "../path-check.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** Who issues a certificate of the path says of itself that it is an authority. */
export const basicConstraints: CertificateCheck = {
  name: "basic-constraints",
  source: "RFC 5280 4.2.1.9 and 6.1.4 (k); GBCS 12",
  judge: (place, { shape }) => {
    const { constraints, profile } = place.subject;
    if (isAuthorityPlace(place))
      return constraints?.ca === true
        ? holds("It is an authority's certificate")
        : fails("not-an-authority", "It is not an authority's certificate, so it may issue none");
    // An end entity of the SMKI has none; that it might be one in disguise is for the profile's lint to say.
    return shape === "smki" && profile !== undefined && constraints?.ca !== true
      ? holds("It is an end entity's certificate")
      : undefined;
  },
};
