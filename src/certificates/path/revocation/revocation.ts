import type { CertificateList } from "../../crl/index.ts";
import type { CertificateCheck, PathRules } from "../checks/certificate-check.ts";
import { instantInWords } from "../in-words.ts";
import { fails, holds, type Judgement, type ListReason } from "../path-check.ts";
import type { Standing } from "../standing.ts";
import type { IndexedList, JudgedLists } from "./revocation-lists.ts";

/** Not on the current list of its issuer: the CRL of an issuing CA for end entities, the ARL of a root for the CAs. */
export const revocation: CertificateCheck = {
  name: "revocation",
  source: "RFC 5280 5 and 6.3.3; SEC Appendix A, B and Q 4.9",
  judge: ({ subject, issuer, isRoot }, rules) => {
    if (rules.revocation === "ignored") return undefined;
    if (isRoot) return holds("No list can revoke a root: those who trust it decide");
    if (issuer === undefined) return undefined;
    return judgeLists(subject, issuer, rules);
  },
};

function judgeLists(subject: Standing, issuer: Standing, rules: PathRules): Judgement {
  const judged = rules.lists.of(issuer);
  const revoked = judged.sound
    .map((each) => revokedBy(each, subject, rules.at))
    .find((judgement) => judgement !== undefined);
  if (revoked !== undefined) return revoked;
  const current = judged.sound.find(({ list }) => isCurrent(list, rules.at))?.list;
  return current === undefined
    ? unanswered(subject, issuer, rules, judged)
    : holds(
        `It is not on ${listInWords(current)}, which is current until ${instantInWords(current.nextUpdate?.milliseconds ?? 0)}`,
      );
}

/** On a list that was current then, or revoked by then on any list: an entry is never taken back. */
function revokedBy({ list, entryOf }: IndexedList, subject: Standing, at: number): Judgement | undefined {
  const entry = entryOf(subject.certificate.serialNumber);
  if (entry === undefined) return undefined;
  const { milliseconds } = entry.revocationDate;
  return milliseconds <= at || isCurrent(list, at)
    ? fails("revoked", `It was revoked on ${instantInWords(milliseconds)}, says ${listInWords(list)}`)
    : undefined;
}

const isCurrent = ({ thisUpdate, nextUpdate }: CertificateList, at: number): boolean =>
  thisUpdate.milliseconds <= at && at <= (nextUpdate?.milliseconds ?? Number.NEGATIVE_INFINITY);

/** No list answers for that time: what the caller makes of it is a setting, and why is said in either case. */
function unanswered(
  subject: Standing,
  issuer: Standing,
  { at, shape, revocation: mode }: PathRules,
  { sound, fault }: JudgedLists,
): Judgement {
  const outcome = (reason: ListReason, words: string): Judgement =>
    mode === "required" ? fails(reason, words) : { holds: true, reason, words };
  const [nearest] = sound;
  if (nearest !== undefined) return outcome("list-not-current", notCurrent(nearest, subject, at));
  if (fault !== undefined)
    return outcome(fault.reason, `The${listInWords(fault.list).slice(3)} ${fault.words}`);
  if (shape === "smki" && subject.profile === "device")
    return holds("A Device Certificate cannot be revoked: its Issuing DCA's standing is what counts");
  const kind = subject.constraints?.ca === true ? "ARL" : "CRL";
  return outcome(
    "list-missing",
    `Whether it is revoked is not known: there is no ${kind} of ${issuer.label} at hand`,
  );
}

function notCurrent({ list, entryOf }: IndexedList, subject: Standing, at: number): string {
  const name = `The${listInWords(list).slice(3)}`;
  if (list.thisUpdate.milliseconds < at)
    return `${name} ended on ${instantInWords(list.nextUpdate?.milliseconds ?? 0)}: who was revoked since is not known`;
  const entry = entryOf(subject.certificate.serialNumber);
  return entry === undefined
    ? `${name} is later than that time; it does not say that the certificate was revoked`
    : `${name} is later than that time; by it the certificate was revoked afterwards, on ${instantInWords(entry.revocationDate.milliseconds)}`;
}

function listInWords(list: CertificateList): string {
  return `the list of ${instantInWords(list.thisUpdate.milliseconds)}`;
}
