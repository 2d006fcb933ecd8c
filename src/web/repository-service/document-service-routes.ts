import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { DocumentVersion } from "../../repository/documents/document.ts";
import { listDocuments, octetsOf, versionsOf } from "../../repository/documents/documents.ts";
import { revocationList } from "../../repository/repository.ts";
import { readValues } from "./document-requests.ts";
import {
  documentDataResponse,
  documentSearchResponse,
  revocationListResponse,
} from "./document-responses.ts";
import type { RequestNotes } from "./request-log.ts";
import { documentOf, xmlMediaType } from "./search-routes.ts";

/**
 * Documents and revocation lists, in the manner of the certificate operations. Names and elements are this project's
 * own, until those of SEC Appendix O are known.
 */
export function documentServiceRoutes(
  services: FastifyInstance,
  database: Database,
  noteOf: RequestNotes,
): void {
  services.post("/services/documentsearch", async (request, reply) => {
    const note = noteOf(request);
    note.search = "document";
    const name = readValues(documentOf(request), "DocumentSearchRequest", ["DocumentName?"]).get(
      "DocumentName",
    );
    if (name !== undefined) note.asked = name;
    const found = await database.read((tx) =>
      name === undefined ? listDocuments(tx) : versionsOf(tx, name),
    );
    note.results = found.length;
    return reply.type(xmlMediaType).send(documentSearchResponse(found, note.auditReference));
  });

  services.post("/services/retrievedocument", async (request, reply) => {
    const note = noteOf(request);
    note.search = "document";
    const names = ["DocumentName", "DocumentVersion?"];
    const values = readValues(documentOf(request), "DocumentDataRequest", names);
    const [name = "", number] = [values.get("DocumentName"), values.get("DocumentVersion")];
    note.asked = number === undefined ? name : `${name} ${number}`;
    const version = wanted(await database.read((tx) => versionsOf(tx, name)), number);
    note.results = 1;
    const octets = octetsOf(database, version);
    return reply
      .type(xmlMediaType)
      .send(Readable.from(documentDataResponse(version, octets, note.auditReference)));
  });

  services.post("/services/retrieverevocationlist", async (request, reply) => {
    const note = noteOf(request);
    note.search = "list";
    const values = readValues(documentOf(request), "RevocationListRequest", ["AuthorityIdentifier"]);
    const authority = values.get("AuthorityIdentifier") ?? "";
    note.asked = authority;
    const list = await database.read((tx) => revocationList(tx, authority));
    note.results = 1;
    return reply.type(xmlMediaType).send(revocationListResponse(list, note.auditReference));
  });
}

/** The version of that number, or the highest. */
function wanted(versions: readonly DocumentVersion[], number: string | undefined): DocumentVersion {
  const version = number === undefined ? versions[0] : versions.find((one) => one.version === number);
  if (version === undefined) throw new SmkiError("DOCUMENT_NOT_FOUND", { version: number ?? "any" });
  return version;
}
