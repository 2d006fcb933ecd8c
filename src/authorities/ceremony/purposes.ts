import type { CeremonyPurpose } from "./ceremony-order.ts";
import { founding } from "./found-hierarchy.ts";
import type { Purpose } from "./purpose.ts";
import { arlRenewal } from "./renew-arls.ts";
import { replacementOfAuthority } from "./replace-authority.ts";
import { revocationOfAuthority } from "./revoke-authority.ts";
import { stockFilling } from "./stock.ts";

/** How ceremonies of each purpose are held: whoever goes on with one finds it here. */
export const purposes: Readonly<Record<CeremonyPurpose, Purpose>> = {
  found: founding,
  stock: stockFilling,
  arl: arlRenewal,
  revoke: revocationOfAuthority,
  replace: replacementOfAuthority,
};
