import { SmkiError } from "../../errors/smki-error.ts";
import type { XmlElement } from "../xml/index.ts";

const longestValue = 200;

/**
 * Reads the values of a request: its elements, each once at the most, and nothing else.
 *
 * @param names - the elements that it may have; one that ends with `?` need not be there
 * @throws SmkiError REPOSITORY_PARAMETERS_INVALID
 */
export function readValues(
  root: XmlElement,
  rootName: string,
  names: readonly string[],
): ReadonlyMap<string, string> {
  if (root.name !== rootName) throw invalid(`${rootName} expected as root, not ${root.name}`);
  if (root.text.trim() !== "") throw invalid(`text in ${rootName}`);
  const values = new Map<string, string>();
  for (const { name, text, children } of root.children) {
    if (!names.includes(name) && !names.includes(`${name}?`))
      throw invalid(`${name} is no element of ${rootName}`);
    const value = text.trim();
    if (values.has(name) || children.length > 0 || value === "" || value.length > longestValue)
      throw invalid(`${name} holds one value, once`);
    values.set(name, value);
  }
  for (const name of names)
    if (!name.endsWith("?") && !values.has(name)) throw invalid(`${name} is missing in ${rootName}`);
  return values;
}

const invalid = (reason: string): SmkiError =>
  new SmkiError("REPOSITORY_PARAMETERS_INVALID", { reason: reason.slice(0, 200) });
