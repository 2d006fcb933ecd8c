import type { CertificateList, CrlEntry } from "../../crl/index.ts";
import type { Name } from "../../syntax/index.ts";

const keyOf = (octets: Buffer): string => octets.toString("latin1");

/** The lists at hand, by the issuer that they name; the latest first, whatever the order in which they came. */
export class RevocationLists {
  readonly #byIssuer = new Map<string, CertificateList[]>();

  constructor(lists: readonly CertificateList[]) {
    for (const list of lists) {
      const name = keyOf(list.issuer.der);
      const ofName = this.#byIssuer.get(name);
      if (ofName === undefined) this.#byIssuer.set(name, [list]);
      else ofName.push(list);
    }
    for (const ofName of this.#byIssuer.values())
      ofName.sort(
        (a, b) => b.thisUpdate.milliseconds - a.thisUpdate.milliseconds || Buffer.compare(a.der, b.der),
      );
  }

  /** Those that name this issuer; nothing of them has been verified. */
  of(issuer: Name): readonly CertificateList[] {
    return this.#byIssuer.get(keyOf(issuer.der)) ?? [];
  }
}

/** The entry of a serial number, which is compared octet for octet, or undefined. */
export function entryOf(list: CertificateList, serialNumber: Buffer): CrlEntry | undefined {
  return list.entries.find((entry) => entry.serialNumber.equals(serialNumber));
}
