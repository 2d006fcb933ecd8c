import { SmkiError } from "../../../errors/smki-error.ts";

/** What every answer of the web services is sent as (SEC Appendix M, Appendices A and C). */
export const messageMediaType = "application/xml;charset=UTF-8";

/**
 * Requires a body to be said to be XML in UTF-8. Without a charset it is UTF-8 (RFC 7303 3); another one would
 * decide over what the document says of itself, and is not read.
 *
 * @param contentType - the header as it stands
 * @throws SmkiError MESSAGE_MEDIA_TYPE
 */
export function requireXmlMediaType(contentType: string | undefined): void {
  const [, type = "", parameters = ""] = /^\s*([^\s;]*)\s*(;.*)?$/s.exec(contentType ?? "") ?? [];
  const isXml = /^(application|text)\/xml$/i.test(type);
  const charsets = [...parameters.matchAll(/;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/gi)];
  const isUtf8 = charsets.every(([, quoted, plain]) => /^utf-?8$/i.test(quoted ?? plain ?? ""));
  if (!isXml || !isUtf8)
    throw new SmkiError("MESSAGE_MEDIA_TYPE", { contentType: (contentType ?? "none").slice(0, 80) });
}
