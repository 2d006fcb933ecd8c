import type { Act, ActValue } from "../../ledger/act.ts";
import type { RecordedAct } from "../../ledger/all-acts.ts";

/** Something that the database states and the ledger vouches for, in words that both sides choose alike. */
export interface Fact {
  readonly value: string;
  /** Of the act that made it so; absent while that is open. */
  readonly leaf?: number;
}

/** Facts by what they are about. */
export type Facts = Map<string, Fact>;

/** The names of facts, the same for acts and for rows. */
export const aboutRevocation = (serialNumber: string) => `the revocation of certificate ${serialNumber}`;
export const aboutNotInUse = (serialNumber: string) => `the mark "not in use" of certificate ${serialNumber}`;
export const aboutState = (authority: string) => `the state of CA ${authority}`;
export const aboutCredential = (serialNumber: string) => `credential ${serialNumber}`;
export const aboutList = (authority: string, number: number) => `list ${String(number)} of ${authority}`;
export const aboutParty = (party: number) => `the registration of Party ${String(party)}`;
export const aboutCategories = (party: number) => `what Party ${String(party)} is registered as`;
export const aboutApproval = (party: number, policy: string) =>
  `the approval of Party ${String(party)} as Authorised Subscriber for ${policy} certificates`;
export const aboutLimit = (device: string) => `the limit on certificates of Device ${device}`;
export const aboutRecord = (ceremony: number) => `the signed record of ceremony ${String(ceremony)}`;

/** Values as text, one after the other. */
export const inWords = (...values: readonly (ActValue | Date | undefined)[]): string =>
  values.map((value) => (value instanceof Date ? value.toISOString() : JSON.stringify(value))).join(", ");

/** The members of a set, in an order that both sides choose alike. */
export const inOrder = (members: ActValue | undefined): string[] =>
  (Array.isArray(members) ? members : [])
    .map((member) => (typeof member === "string" ? member : JSON.stringify(member)))
    .toSorted();

/** What an act makes so; an act that says nothing of these things gives none. */
export function* factsOf({ act, leaf }: RecordedAct): Generator<readonly [string, Fact]> {
  for (const [about, value] of statements(act))
    yield [about, { value, ...(leaf === undefined ? {} : { leaf }) }];
}

function* statements({ kind, subject, at, by }: Act): Generator<readonly [string, string]> {
  const text = (name: string): string => {
    const value = subject[name];
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  switch (kind) {
    case "certificate.revoked":
      yield [aboutRevocation(text("serialNumber")), inWords(subject["authority"], at, subject["reason"], by)];
      return;
    case "authority.revoked":
      yield [aboutRevocation(text("serialNumber")), inWords(subject["root"], at, subject["reason"], by)];
      yield [aboutState(text("authority")), "revoked"];
      return;
    case "authority.released":
      for (const id of subject["authorities"] as readonly string[]) yield [aboutState(id), "released"];
      return;
    case "authority.activated":
      yield [aboutState(text("authority")), "active"];
      return;
    case "authority.retired":
      yield [aboutState(text("authority")), "retired"];
      return;
    case "certificate.not-in-use":
      yield [aboutNotInUse(text("serialNumber")), inWords(at, by)];
      return;
    case "credential.granted":
      yield [
        aboutCredential(text("serialNumber")),
        inWords(
          subject["party"],
          subject["officer"],
          subject["subscriberFor"],
          subject["webService"] ?? null,
        ),
      ];
      yield [`${aboutCredential(text("serialNumber"))}, its end`, "none"];
      return;
    case "credential.ended":
      yield [`${aboutCredential(text("serialNumber"))}, its end`, inWords(at)];
      return;
    case "party.registered": {
      const party = Number(subject["party"]);
      const sets = ["roles", "identifiers", "ranges"].map((name) => inOrder(subject[name]));
      yield [aboutParty(party), inWords(at, ...sets)];
      // Of one that was registered by an earlier release the ledger does not say it.
      if (subject["categories"] !== undefined)
        yield [aboutCategories(party), inWords(inOrder(subject["categories"]))];
      return;
    }
    case "subscriber.approved":
      yield [aboutApproval(Number(subject["party"]), text("certificatePolicy")), "approved"];
      return;
    case "device.limit-set":
      yield [aboutLimit(text("device")), inWords(subject["certificates"], subject["reasonHash"], at, by)];
      return;
    case "ceremony.recorded":
      yield [aboutRecord(Number(subject["ceremony"])), inWords(subject["record"])];
      return;
    case "list.published":
      yield [
        aboutList(text("authority"), Number(subject["number"])),
        inWords(subject["entries"], subject["list"]),
      ];
  }
}
