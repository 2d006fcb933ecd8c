import { oid } from "../../der/index.ts";
import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** Whoever has it is under every policy; no certificate of the SMKI is (RFC 5280 4.2.1.4). */
const anyPolicy = oid("2.5.29.32.0");

/**
 * One policy, and one of those that the caller accepts. Each certificate's counts for itself: those of Devices and of their
 * authorities may differ, so there is no tree of policies (RFC 5280 6.1.3 (d)). None has qualifiers or mappings.
 */
export const policy: CertificateCheck = {
  name: "policy",
  source: "RFC 5280 4.2.1.4; GBCS 12",
  judge: ({ subject }, { shape, policies }) => {
    if (shape === "any") return undefined;
    const [only, ...others] = subject.policies ?? [];
    if (only === undefined) return fails("policy", "It names no Certificate Policy");
    if (others.length > 0) return fails("policy", "It names more than one Certificate Policy");
    if (only.policy === anyPolicy) return fails("policy", "It names any policy, and so none of the SMKI's");
    return policies?.includes(only.policy) === false
      ? fails("policy", `Its Certificate Policy is ${only.policy}, which is none of those accepted`)
      : holds(`Its Certificate Policy is ${only.policy}`);
  },
};
