import type { CertificateList, CrlEntry } from "../../crl/index.ts";
import type { Signatures } from "../signatures.ts";
import { asKey, type Standing } from "../standing.ts";
import { type ListFault, listFault, type ReadList, readList } from "./judge-list.ts";

/** A list with its entries by serial number, octet for octet. */
export interface IndexedList {
  readonly list: CertificateList;
  readonly entryOf: (serialNumber: Buffer) => CrlEntry | undefined;
}

/** What the lists of an issuer's name come to for one certificate of it. */
export interface JudgedLists {
  /** Those that are the issuer's, the latest first. */
  readonly sound: readonly IndexedList[];
  /** Why the latest of the others is not. */
  readonly fault: (ListFault & { readonly list: CertificateList }) | undefined;
}

/**
 * The lists at hand, by the issuer that they name, whatever the order in which they came. Each is read through once and
 * its entries are indexed once: an issuer may have thousands of certificates, and a list a million entries.
 */
export class RevocationLists {
  readonly #byIssuer = new Map<string, ReadList[]>();
  readonly #judged = new Map<string, JudgedLists>();
  readonly #signatures: Signatures;

  constructor(lists: readonly CertificateList[], signatures: Signatures) {
    this.#signatures = signatures;
    for (const list of lists) {
      const name = asKey(list.issuer.der);
      const ofName = this.#byIssuer.get(name);
      if (ofName === undefined) this.#byIssuer.set(name, [readList(list)]);
      else ofName.push(readList(list));
    }
    for (const ofName of this.#byIssuer.values()) ofName.sort(latestFirst);
  }

  /**
   * Those that bear the issuer's name; judged once for all its certificates that are alike in name, key and usage.
   *
   * @throws SmkiError PATH_BUDGET_EXCEEDED
   */
  of(issuer: Standing): JudgedLists {
    const { name, key, keyIdentifier, usage } = issuer;
    const ofName = this.#byIssuer.get(name);
    if (ofName === undefined) return none;
    const maySign = String(usage?.includes("cRLSign"));
    const alike = [name, key, keyIdentifier?.toString("hex"), maySign].join("|");
    const known = this.#judged.get(alike);
    if (known !== undefined) return known;
    const sound: IndexedList[] = [];
    let first: JudgedLists["fault"];
    for (const read of ofName) {
      const fault = listFault(read, issuer, this.#signatures);
      if (fault === undefined) sound.push(indexed(read.list));
      else first ??= { ...fault, list: read.list };
    }
    const judged = { sound, fault: first };
    this.#judged.set(alike, judged);
    return judged;
  }
}

function indexed(list: CertificateList): IndexedList {
  const entries = new Map(list.entries.map((entry) => [asKey(entry.serialNumber), entry]));
  return { list, entryOf: (serialNumber) => entries.get(asKey(serialNumber)) };
}

const none: JudgedLists = { sound: [], fault: undefined };

const latestFirst = ({ list: a }: ReadList, { list: b }: ReadList): number =>
  b.thisUpdate.milliseconds - a.thisUpdate.milliseconds || Buffer.compare(a.der, b.der);
