import { indefinite } from "../../der/index.ts";
import { instantInWords } from "../in-words.ts";
import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** At the time asked for, both ends included. A Device Certificate has no end: 99991231235959Z. */
export const validity: CertificateCheck = {
  name: "validity",
  source: "RFC 5280 4.1.2.5 and 6.1.3 (a) (2)",
  judge: ({ subject }, { at }) => {
    const { notBefore, notAfter } = subject.certificate.validity;
    const from = instantInWords(notBefore.milliseconds);
    const to =
      notAfter.milliseconds === indefinite ? "without end" : `to ${instantInWords(notAfter.milliseconds)}`;
    if (at < notBefore.milliseconds) return fails("not-yet-valid", `It is valid only from ${from}`);
    return at > notAfter.milliseconds
      ? fails("expired", `It was valid ${to.replace("to", "only to")}`)
      : holds(`It is valid at that time: from ${from} ${to}`);
  },
};
