import type { FastifyInstance, FastifyRequest } from "fastify";
import { eui64, normaliseSerialNumber } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { lookUps } from "../../repository/look-ups.ts";
import type { RepositoryCertificate } from "../../repository/repository.ts";
import type { Clock } from "../../time/clock.ts";
import { readXmlDocument, smallDocument, type XmlElement } from "../xml/index.ts";
import { type AskedFor, readDataRequest, readSearchRequest } from "./request.ts";
import type { RequestNote, RequestNotes } from "./request-log.ts";
import { dataResponse, searchResponse } from "./response.ts";

/** The one media type of both directions. */
export const xmlMediaType = "application/xml; charset=utf-8";

/**
 * The two operations of the repository's web service: search by subject, retrieve by serial number. In a scope that
 * {@link takeXmlOnly} was called for.
 */
export function searchRoutes(
  services: FastifyInstance,
  database: Database,
  clock: Clock,
  noteOf: RequestNotes,
): void {
  const look = lookUps(database, clock);
  services.post("/services/certificatesearch", async (request, reply) => {
    const note = noteOf(request);
    const { search, asked } = takeNote(note, readSearchRequest(documentOf(request)));
    const subject = search === "device" ? "device" : "organisation";
    const identifier = eui64(asked);
    note.identifier = identifier;
    const found = await look.search({ [subject]: identifier });
    note.results = found.length;
    if (found.length === 0) throw new SmkiError("BOXED_CERTIFICATE_NOT_FOUND", { [subject]: identifier });
    return reply.type(xmlMediaType).send(searchResponse(found, subject, note.auditReference));
  });

  services.post("/services/retrievecertificate", async (request, reply) => {
    const note = noteOf(request);
    const { asked } = takeNote(note, readDataRequest(documentOf(request)));
    const serialNumber = normaliseSerialNumber(asked);
    note.identifier = serialNumber;
    note.results = 0;
    const certificate = await look.retrieve(serialNumber).catch((error: unknown) => {
      if (isSmkiError(error, "CERTIFICATE_NOT_FOUND")) return undefined;
      throw error;
    });
    // A CA's certificate has no EUI-64, and an IKI Certificate is no matter of this interface: its answers
    // have no element that could say whose they are.
    if (certificate === undefined || !isSearchable(certificate))
      throw new SmkiError("BOXED_CERTIFICATE_NOT_FOUND", { serialNumber });
    note.results = 1;
    return reply.type(xmlMediaType).send(dataResponse(certificate, note.auditReference));
  });
}

/** From now on the routes of this scope take small XML in UTF-8, and no other body. */
export function takeXmlOnly(services: FastifyInstance): void {
  const bodyLimit = smallDocument.maximumOctets;
  services.removeAllContentTypeParsers();
  services.addContentTypeParser(
    "application/xml",
    { parseAs: "buffer", bodyLimit },
    (request, body, done) => {
      const isUtf8 = declaresUtf8(request.headers["content-type"]);
      done(isUtf8 ? null : new SmkiError("BOXED_MEDIA_TYPE"), body);
    },
  );
}

const isSearchable = ({ kind }: RepositoryCertificate): boolean =>
  kind === "device" || kind === "organisation";

/** The root element of a request's body. @throws SmkiError XML_INVALID */
export function documentOf(request: FastifyRequest): XmlElement {
  return readXmlDocument(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
}

/** Notes what is asked before it is checked, so that the log tells what a refused client sent. */
function takeNote(note: RequestNote, askedFor: AskedFor): AskedFor {
  note.search = askedFor.search;
  note.asked = askedFor.asked.slice(0, 80);
  return askedFor;
}

/** RFC 7303 3: the charset parameter decides where it is given; ours are read as UTF-8 alone. */
function declaresUtf8(contentType = ""): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType)?.[1];
  return charset === undefined || charset.toLowerCase() === "utf-8";
}
