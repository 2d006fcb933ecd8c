import type { DocumentVersion } from "../../repository/documents/document.ts";
import type { RevocationList } from "../../repository/repository.ts";
import { type XmlNode, xmlElement } from "../xml/index.ts";
import { response, success } from "./response.ts";

/** DocumentSearchResponse with a Result for each version. */
export function documentSearchResponse(found: readonly DocumentVersion[], auditReference: string): string {
  return response(
    "DocumentSearchResponse",
    success(auditReference),
    found.map((version) => xmlElement("Result", facts(version))),
  );
}

/** DocumentDataResponse with the one version, as a stream: DocumentBody is its octets in Base64. */
export async function* documentDataResponse(
  version: DocumentVersion,
  octets: AsyncIterable<Buffer>,
  auditReference: string,
): AsyncGenerator<string> {
  const end = "</DocumentBody>";
  const [before = "", after = ""] = response("DocumentDataResponse", success(auditReference), [
    xmlElement("DocumentResponse", [...facts(version), xmlElement("DocumentBody", "")]),
  ]).split(end);
  yield before;
  // Each part has a multiple of three octets, so that its Base64 goes on in the next one's.
  for await (const part of octets) yield part.toString("base64");
  yield end + after;
}

/** RevocationListResponse with the current list of a CA: ListBody is its DER in Base64. */
export function revocationListResponse(list: RevocationList, auditReference: string): string {
  return response("RevocationListResponse", success(auditReference), [
    xmlElement("ListResponse", [
      xmlElement("AuthorityIdentifier", list.authorityId),
      xmlElement("ListNumber", String(list.number)),
      xmlElement("ThisUpdate", list.thisUpdate.toISOString()),
      xmlElement("NextUpdate", list.nextUpdate.toISOString()),
      xmlElement("ListBody", list.list.toString("base64")),
    ]),
  ]);
}

function facts(version: DocumentVersion): XmlNode[] {
  return [
    xmlElement("DocumentName", version.document),
    xmlElement("DocumentTitle", version.title),
    xmlElement("DocumentVersion", version.version),
    xmlElement("DocumentMediaType", version.mediaType),
    xmlElement("DocumentOctets", String(version.octets)),
    xmlElement("DocumentSha256", version.sha256.toUpperCase()),
    xmlElement("DocumentLodged", version.lodgedAt.toISOString()),
  ];
}
