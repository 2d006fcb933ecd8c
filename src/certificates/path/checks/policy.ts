import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** One policy, and one of those that the caller accepts. No certificate of the SMKI has qualifiers or mappings. */
export const policy: CertificateCheck = {
  name: "policy",
  source: "RFC 5280 4.2.1.4 and 6.1.3 (d); GBCS 12",
  judge: ({ subject }, { shape, policies }) => {
    if (shape === "any") return undefined;
    const [only, ...others] = subject.policies ?? [];
    if (only === undefined) return fails("policy", "It names no Certificate Policy");
    if (others.length > 0) return fails("policy", "It names more than one Certificate Policy");
    return policies?.includes(only.policy) === false
      ? fails("policy", `Its Certificate Policy is ${only.policy}, which is none of those accepted`)
      : holds(`Its Certificate Policy is ${only.policy}`);
  },
};
