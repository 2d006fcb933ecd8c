import { isSmkiError } from "../../errors/smki-error.ts";
import { decodeAct } from "../act-encoding.ts";
import { readIssuedCertificate } from "../certificate-act.ts";
import type { CertificateSums } from "./certificate-check.ts";
import type { Findings } from "./finding.ts";

/**
 * Reads one entry: for the kind of its act, and its certificate where those are summed. What is no act is a finding.
 *
 * @param leaf - undefined while the entry is open
 * @returns the kind; undefined when it is no act
 */
export function checkEntry(
  entry: Buffer,
  leaf: number | undefined,
  findings: Findings,
  sums?: CertificateSums,
): string | undefined {
  try {
    const act = decodeAct(entry);
    const issued = sums === undefined ? undefined : readIssuedCertificate(act);
    if (issued !== undefined) sums?.addLeaf(issued);
    return act.kind;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    const where = leaf === undefined ? "an open entry is no act" : "the entry is no act";
    findings.add({
      kind: "leaf-malformed",
      what: `${where}: ${error.message}`,
      ...(leaf === undefined ? {} : { leaf }),
    });
    return undefined;
  }
}
