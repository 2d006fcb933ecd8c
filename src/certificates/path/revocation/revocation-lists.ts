import type { CertificateList, CrlEntry } from "../../crl/index.ts";
import type { Signatures } from "../signatures.ts";
import type { Standing } from "../standing.ts";
import { type ListFault, listFault } from "./judge-list.ts";

const keyOf = (octets: Buffer): string => octets.toString("latin1");

/** A list with its entries by serial number, octet for octet. */
export interface IndexedList {
  readonly list: CertificateList;
  readonly entryOf: (serialNumber: Buffer) => CrlEntry | undefined;
}

/** What the lists of an issuer's name come to for one certificate of it. */
export interface JudgedLists {
  /** Those that are the issuer's, the latest first. */
  readonly sound: readonly IndexedList[];
  /** Why the others are not. */
  readonly faults: readonly (ListFault & { readonly list: CertificateList })[];
}

/** The lists at hand, by the issuer that they name, whatever the order in which they came. */
export class RevocationLists {
  readonly #byIssuer = new Map<string, CertificateList[]>();
  readonly #judged = new Map<Standing, JudgedLists>();
  readonly #signatures: Signatures;

  constructor(lists: readonly CertificateList[], signatures: Signatures) {
    this.#signatures = signatures;
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

  /**
   * Those that bear the issuer's name; judged once.
   *
   * @throws SmkiError PATH_BUDGET_EXCEEDED
   */
  of(issuer: Standing): JudgedLists {
    const known = this.#judged.get(issuer);
    if (known !== undefined) return known;
    const sound: IndexedList[] = [];
    const faults: (ListFault & { readonly list: CertificateList })[] = [];
    for (const list of this.#byIssuer.get(keyOf(issuer.certificate.subject.der)) ?? []) {
      const fault = listFault(list, issuer, this.#signatures);
      if (fault === undefined) sound.push(indexed(list));
      else faults.push({ ...fault, list });
    }
    const judged = { sound, faults };
    this.#judged.set(issuer, judged);
    return judged;
  }
}

function indexed(list: CertificateList): IndexedList {
  const entries = new Map(list.entries.map((entry) => [keyOf(entry.serialNumber), entry]));
  return { list, entryOf: (serialNumber) => entries.get(keyOf(serialNumber)) };
}
