import { fails, holds } from "../path-check.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** No more authorities under it than it allows; self-issued ones do not count, nor does the last certificate. */
export const pathLength: CertificateCheck = {
  name: "path-length",
  source: "RFC 5280 4.2.1.9, 6.1.4 (l) and (m)",
  judge: (place) => {
    const allowed = place.subject.constraints?.pathLength;
    if (!isAuthorityPlace(place) || place.isTarget) return undefined;
    const found = place.authoritiesBelow;
    if (allowed === undefined) return holds("It does not limit how many authorities stand under it");
    const words = `Authorities under it: ${String(found)}; allowed: ${String(allowed)}`;
    return found > allowed ? fails("path-length", words) : holds(words);
  },
};
