import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** The issuer's key signed these very octets; a root's own key did. */
export const signature: CertificateCheck = {
  name: "signature",
  source: "RFC 5280 4.1.1.3 and 6.1.3 (a) (1)",
  judge: ({ subject, issuer, isRoot }, { signatures }) => {
    const signer = isRoot ? subject : issuer;
    if (signer === undefined) return undefined;
    if (signatures.verify(subject.certificate, signer))
      return holds(isRoot ? "It is signed by its own key" : `It is signed by the key of ${signer.label}`);
    return isRoot
      ? fails("not-self-signed", "It is not signed by its own key, so it is no root")
      : fails("signature", `It is not signed by the key of ${signer.label}`);
  },
};
