import { SmkiError } from "../../../errors/smki-error.ts";

const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance";
/** As far as a prefix is one in every edition of XML; none that XML keeps for itself. */
const declaration = /^xmlns:(?!xml)([A-Za-z_][A-Za-z0-9_.-]*)$/i;
/** Namespaces that are bound to a prefix of their own and no other. */
const keptByXml = /^http:\/\/www\.w3\.org\/(XML\/1998\/namespace|2000\/xmlns\/)$/;
/** What tells a validator where a schema lies. It says nothing of the message and is not followed. */
const hint = /^([A-Za-z_][A-Za-z0-9_.-]*):(schemaLocation|noNamespaceSchemaLocation)$/;

/**
 * Reads the attributes of a root: its ID, and what tools write there by themselves, namespace declarations and the
 * location of a schema. The messages are in no namespace, so a default one is refused.
 *
 * @returns the ID as it stands; absent, if there is none
 * @throws SmkiError MESSAGE_INVALID
 */
export function readRootAttributes(attributes: Readonly<Record<string, string>>): string | undefined {
  let reference: string | undefined;
  const hints = new Set<string>();
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "ID") reference = value;
    else if (!isDeclaration(name, value) && !isHint(name, attributes, hints))
      throw new SmkiError("MESSAGE_INVALID", { reason: `attribute ${name.slice(0, 80)} of the root` });
  }
  return reference;
}

function isDeclaration(name: string, value: string): boolean {
  if (name === "xmlns") return value === "";
  return declaration.test(name) && /^[!-~]+$/.test(value) && !keptByXml.test(value);
}

/** @param seen - one name under two prefixes would be one attribute given twice */
function isHint(name: string, attributes: Readonly<Record<string, string>>, seen: Set<string>): boolean {
  const [, prefix, local = ""] = hint.exec(name) ?? [];
  if (prefix === undefined || attributes[`xmlns:${prefix}`] !== schemaInstance || seen.has(local))
    return false;
  seen.add(local);
  return true;
}
