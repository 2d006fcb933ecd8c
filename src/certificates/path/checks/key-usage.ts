import type { KeyUsageBit } from "../../vocabulary/index.ts";
import { fails, holds, type Judgement } from "../path-check.ts";
import type { Standing } from "../standing.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** An authority's key may sign certificates; no other's may, and an end entity's is for what its profile says. */
export const keyUsage: CertificateCheck = {
  name: "key-usage",
  source: "RFC 5280 4.2.1.3, 4.2.1.9 and 6.1.4 (n); GBCS 12",
  judge: (place, { shape }) => {
    const { usage, constraints } = place.subject;
    const signsCertificates = usage?.includes("keyCertSign") === true;
    if (isAuthorityPlace(place))
      return signsCertificates
        ? holds("Its key may sign certificates")
        : fails("key-usage", "Its key usage does not let it sign certificates");
    if (signsCertificates && constraints?.ca !== true)
      return fails("key-usage", "Its key usage lets it sign certificates, although it is no authority's");
    if (constraints?.ca === true)
      return signsCertificates
        ? holds("Its key may sign certificates")
        : fails("key-usage", "It is an authority's, and its key usage does not let it sign certificates");
    return shape === "smki" ? ofEndEntity(place.subject, usage ?? []) : undefined;
  },
};

/** Exactly one of the two of GBCS 12; in the IKI always the first (SEC Appendix M, Appendix G). */
function ofEndEntity({ profile }: Standing, usage: readonly KeyUsageBit[]): Judgement {
  const [only, ...others] = usage;
  const allowed = profile === "iki-end-entity" ? ["digitalSignature"] : ["digitalSignature", "keyAgreement"];
  return only !== undefined && others.length === 0 && allowed.includes(only)
    ? holds(`Its key is for ${only}`)
    : fails("key-usage", `Its key is for ${usage.join(", ") || "nothing"}, not for ${allowed.join(" or ")}`);
}
