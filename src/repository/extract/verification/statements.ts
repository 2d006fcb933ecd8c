import { hash } from "node:crypto";
import { certificateRow } from "../../../authorities/certificates.ts";
import { parseCertificate, readFields } from "../../../certificates/index.ts";
import { isSmkiError } from "../../../errors/smki-error.ts";
import type { Act } from "../../../ledger/act.ts";
import { readIssuedCertificate } from "../../../ledger/certificate-act.ts";
import { type RecordedList, readList, readNotInUse, readRevocation } from "../late-acts.ts";
import type { RowKind } from "../manifest.ts";
import { isLeftOut, readRow } from "../rows.ts";
import type { Statement } from "./row-sums.ts";

/** What an act says that an extract must say too; undefined for any other act, and for a list. */
export function statementOfAct(act: Act): Statement | undefined {
  const issued = readIssuedCertificate(act);
  if (issued !== undefined && !isLeftOut(issued.authority))
    return aboutCertificate(issued.serialNumber, issued.certificate, issued.authority, act.at.toISOString());
  const revocation = readRevocation(act);
  if (revocation !== undefined && !isLeftOut(revocation.authority)) {
    const { serialNumber, authority, at, reason } = revocation;
    return aboutRevocation(serialNumber, authority, at.toISOString(), reason);
  }
  const mark = readNotInUse(act);
  return mark === undefined ? undefined : aboutMark(mark.serialNumber, mark.since.toISOString());
}

/** The list that an act says was published, unless it is left out of extracts. */
export function listOfAct(act: Act): RecordedList | undefined {
  const list = readList(act);
  return list === undefined || isLeftOut(list.authority) ? undefined : list;
}

/**
 * What a row says.
 *
 * @returns a sentence of what is wrong with a row that is none, or that says other things than its certificate
 */
export function statementOfRow(rows: Exclude<RowKind, "lists">, line: string): Statement | string {
  const values = readRow(rows, line);
  if (values === undefined) return "a line is no row of this file";
  const [first = "", second = "", third = "", fourth = ""] = values;
  if (rows === "revocations") return aboutRevocation(first, second, third, fourth);
  if (rows === "not-in-use") return aboutMark(first, second);
  return ofCertificate(values);
}

/** What a row of the file of lists says; undefined for what is none. */
export function listOfRow(line: string): RecordedList | undefined {
  const values = readRow("lists", line);
  if (values === undefined) return undefined;
  const [authority = "", number = "", list = ""] = values;
  const der = Buffer.from(list, "base64");
  if (der.toString("base64") !== list) return undefined;
  return { authority, number: Number(number), digest: hash("sha256", der, "hex") };
}

function ofCertificate(values: readonly string[]): Statement | string {
  const [serialNumber = "", kind, usage, subject, role, authority = "", notAfter, issuedAt = "", text = ""] =
    values;
  const der = Buffer.from(text, "base64");
  if (der.toString("base64") !== text) return `certificate ${serialNumber} is not in Base64 as it is written`;
  try {
    const certificate = parseCertificate(der);
    const says = certificateRow(
      certificate,
      readFields(certificate),
      authority,
      undefined,
      new Date(issuedAt),
    );
    const expected = [
      says.serialNumber,
      says.kind,
      says.usage,
      says.subjectIdentifier ?? "",
      says.role === undefined ? "" : String(says.role),
      says.notAfter === undefined ? "" : says.notAfter.toISOString().replace(/\.\d{3}Z$/, "Z"),
    ];
    const given = [serialNumber, kind, usage, subject, role, notAfter];
    if (expected.some((value, column) => value !== given[column]))
      return `the row of certificate ${serialNumber} says other things than the certificate`;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return `certificate ${serialNumber} cannot be read: ${error.message}`;
  }
  return aboutCertificate(serialNumber, hash("sha256", der, "hex"), authority, issuedAt);
}

const aboutCertificate = (
  serialNumber: string,
  digest: string,
  authority: string,
  at: string,
): Statement => ({
  about: `certificate ${serialNumber}`,
  value: `${digest} by ${authority} at ${at}`,
});
const aboutRevocation = (serialNumber: string, authority: string, at: string, reason: string): Statement => ({
  about: `the revocation of certificate ${serialNumber}`,
  value: `${authority} at ${at} for ${reason}`,
});
const aboutMark = (serialNumber: string, since: string): Statement => ({
  about: `the mark "not in use" of certificate ${serialNumber}`,
  value: since,
});
