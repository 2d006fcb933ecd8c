import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** Version 3, without unique identifiers: without extensions nothing could be told of constraints or key identifiers. */
export const version: CertificateCheck = {
  name: "version",
  source: "RFC 5280 4.1.2.1, 4.1.2.8 and 6.1.4 (k)",
  judge: ({ subject: { certificate } }) => {
    if (certificate.version !== 3)
      return fails("version", `It is of version ${String(certificate.version)}, not 3`);
    return certificate.hasUniqueIdentifiers
      ? fails(
          "version",
          "It has a unique identifier of the issuer or subject, which version 3 no longer uses",
        )
      : holds("It is of version 3");
  },
};
