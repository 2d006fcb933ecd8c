import type { Tx } from "../database/transaction.ts";
import type { Party } from "../registration/party.ts";
import { listParties } from "../registration/registration.ts";

/** The Parties, by number and by what people call them. */
export interface Suppliers {
  /** The number of the Supplier with that signifier or name. */
  readonly numberOf: (name: string) => number | undefined;
  /** The signifier of a Party, or its name when it has none. */
  readonly nameOf: (id: number) => string;
}

/** Reads them once, for a file of a million Devices. */
export async function readSuppliers(tx: Tx): Promise<Suppliers> {
  const parties = await listParties(tx);
  const isSupplier = ({ categories }: Party) =>
    categories.some((category) => category === "large-supplier" || category === "small-supplier");
  const numbers = new Map(
    parties.filter(isSupplier).flatMap(({ id, name, signifier }) => [
      [name, id] as const,
      // After the name: where one Party's signifier is another's name, the signifier counts.
      ...(signifier === undefined ? [] : [[signifier, id] as const]),
    ]),
  );
  const names = new Map(parties.map(({ id, name, signifier }) => [id, signifier ?? name]));
  return { numberOf: (name) => numbers.get(name), nameOf: (id) => names.get(id) ?? String(id) };
}
