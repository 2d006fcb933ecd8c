import { SmkiError } from "../../errors/smki-error.ts";
import type { XmlElement } from "../xml/index.ts";

/** What a request asks by, in the client's own writing. */
export interface AskedFor {
  readonly search: "device" | "organisation" | "serial";
  readonly asked: string;
}

/** The search elements of CertificateSearchRequest (SMKI Repository Web Service, as DCC Boxed offers it). */
const searchElements: Readonly<Record<string, AskedFor["search"]>> = {
  CertificateSubjectAltName: "device",
  CertificateSubjectName: "organisation",
};

const dataElements: Readonly<Record<string, AskedFor["search"]>> = { CertificateSerial: "serial" };

/**
 * Reads a CertificateSearchRequest: exactly one search element. Filters by usage, status or role are no part of
 * it: its clients filter the results themselves, and a filter that is passed over would give wrong results.
 *
 * @throws SmkiError BOXED_PARAMETERS_INVALID
 */
export function readSearchRequest(root: XmlElement): AskedFor {
  return readOnlyElement(root, "CertificateSearchRequest", searchElements);
}

/** Reads a CertificateDataRequest: exactly one serial number. @throws SmkiError BOXED_PARAMETERS_INVALID */
export function readDataRequest(root: XmlElement): AskedFor {
  return readOnlyElement(root, "CertificateDataRequest", dataElements);
}

function readOnlyElement(
  root: XmlElement,
  rootName: string,
  elements: Readonly<Record<string, AskedFor["search"]>>,
): AskedFor {
  if (root.name !== rootName) throw invalid(`${rootName} expected as root, not ${root.name}`);
  if (root.text.trim() !== "") throw invalid(`text in ${rootName}`);
  const [child, ...others] = root.children;
  if (child === undefined || others.length > 0)
    throw invalid(`${String(root.children.length)} elements in ${rootName}, where one is expected`);
  const search = Object.hasOwn(elements, child.name) ? elements[child.name] : undefined;
  if (search === undefined) throw invalid(`${child.name} is no element of ${rootName}`);
  const asked = child.text.trim();
  if (child.children.length > 0 || asked === "") throw invalid(`${child.name} holds no value`);
  return { search, asked };
}

const invalid = (reason: string): SmkiError =>
  new SmkiError("BOXED_PARAMETERS_INVALID", { reason: reason.slice(0, 200) });
