import { type RemotePartyRole, remotePartyRole, roleOfName } from "../../certificates/index.ts";

/**
 * A Remote Party Role as a person writes it: its code in hexadecimal, or its name.
 *
 * @throws SmkiError REMOTE_PARTY_ROLE_UNKNOWN
 */
export function roleOf(text: string): RemotePartyRole {
  const code = /^[0-9A-Fa-f]{1,2}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  return roleOfName(text) ?? remotePartyRole(code);
}
