import { SmkiError } from "../../errors/smki-error.ts";

/**
 * Remote Party Role codes (GBCS RemotePartyRole): decimal code and name. The organisational unit of a name carries
 * the code as two upper-case hexadecimal digits. The DCC issues further codes between 80 and 8A whose public names
 * are not settled; they are named by their digits.
 */
const names = {
  0x00: "root",
  0x01: "recovery",
  0x02: "supplier",
  0x03: "networkOperator",
  0x04: "accessControlBroker",
  0x05: "transitionalCoS",
  0x06: "wanProvider",
  0x07: "issuingAuthority",
  0x08: "loadController",
  0x7f: "other",
  0x80: "pPPXmlSign",
  0x81: "pPRDPFileSign",
  0x82: "role82",
  0x83: "role83",
  0x84: "role84",
  0x85: "role85",
  0x86: "role86",
  0x87: "xmlSign",
  0x88: "role88",
  0x89: "dspXmlSign",
  0x8a: "role8A",
} as const;

/** The code of a Remote Party Role, in decimal as GBCS messages and the repository have it. */
export type RemotePartyRole = keyof typeof names;

/** The name of a Remote Party Role. */
export type RemotePartyRoleName = (typeof names)[RemotePartyRole];

/** One Remote Party Role in its three forms. */
export interface RemotePartyRoleEntry {
  readonly code: RemotePartyRole;
  readonly name: RemotePartyRoleName;
  /** Two upper-case hexadecimal digits, as in the organisational unit of a subject: `02`, `7F`, `89`. */
  readonly organisationalUnit: string;
}

/** Every Remote Party Role, by ascending code. */
export const remotePartyRoles: readonly RemotePartyRoleEntry[] = Object.entries(names).map(([key, name]) => {
  const code = Number(key) as RemotePartyRole;
  return { code, name, organisationalUnit: code.toString(16).toUpperCase().padStart(2, "0") };
});

const byCode = new Map<number, RemotePartyRoleEntry>(remotePartyRoles.map((entry) => [entry.code, entry]));
const byText = new Map<string, RemotePartyRole>(
  remotePartyRoles.flatMap(({ code, name, organisationalUnit }) => [
    [name, code],
    [organisationalUnit, code],
  ]),
);

/** Checks a decimal code. @throws SmkiError REMOTE_PARTY_ROLE_UNKNOWN */
export function remotePartyRole(code: number): RemotePartyRole {
  return remotePartyRoleEntry(code).code;
}

/** The entry of a code. @throws SmkiError REMOTE_PARTY_ROLE_UNKNOWN */
export function remotePartyRoleEntry(code: number): RemotePartyRoleEntry {
  const entry = byCode.get(code);
  if (entry === undefined) throw new SmkiError("REMOTE_PARTY_ROLE_UNKNOWN", { code });
  return entry;
}

/** The role of an organisational unit: exactly two upper-case hexadecimal digits; undefined for anything else. */
export function roleOfOrganisationalUnit(organisationalUnit: string): RemotePartyRole | undefined {
  return organisationalUnit.length === 2 ? byText.get(organisationalUnit) : undefined;
}

/** The role of a name such as `supplier`; undefined when there is none. */
export function roleOfName(name: string): RemotePartyRole | undefined {
  return name.length === 2 ? undefined : byText.get(name);
}

/** The organisational unit of a role. @throws SmkiError REMOTE_PARTY_ROLE_UNKNOWN */
export function organisationalUnitOf(role: RemotePartyRole): string {
  return remotePartyRoleEntry(role).organisationalUnit;
}
