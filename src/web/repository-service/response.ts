import { formatEui64 } from "../../certificates/index.ts";
import type { RepositoryCertificate } from "../../repository/repository.ts";
import { writeXmlDocument, type XmlNode, xmlElement } from "../xml/index.ts";

/** The root elements of the operations' answers; the last is for any other address. */
export type ResponseRoot =
  | "CertificateSearchResponse"
  | "CertificateDataResponse"
  | "DocumentSearchResponse"
  | "DocumentDataResponse"
  | "RevocationListResponse"
  | "ErrorResponse";

/** How a request went, and the reference under which it is in the log. */
export interface ResponseHead {
  readonly code: number;
  readonly message: string;
  readonly auditReference: string;
}

/** CertificateSearchResponse with a Result for each certificate. */
export function searchResponse(
  found: readonly RepositoryCertificate[],
  subject: "device" | "organisation",
  auditReference: string,
): string {
  return response("CertificateSearchResponse", success(auditReference), [
    ...found.map((certificate) =>
      xmlElement("Result", [
        serialElement(certificate),
        ...subjectElement(certificate, subject),
        statusElement(certificate),
        ...factElements(certificate),
      ]),
    ),
  ]);
}

/** CertificateDataResponse with the one certificate: CertificateBody is its DER in base64, without armour. */
export function dataResponse(certificate: RepositoryCertificate, auditReference: string): string {
  return response("CertificateDataResponse", success(auditReference), [
    xmlElement("CertificateResponse", [
      ...subjectElement(certificate, certificate.kind),
      serialElement(certificate),
      statusElement(certificate),
      xmlElement("CertificateBody", certificate.certificate.toString("base64")),
      ...factElements(certificate),
    ]),
  ]);
}

/** An answer of the head alone. */
export function refusalResponse(root: ResponseRoot, head: ResponseHead): string {
  return response(root, head, []);
}

export const success = (auditReference: string): ResponseHead => ({
  code: 200,
  message: "Success",
  auditReference,
});

/** An answer: how it went, and what it gives. */
export function response(root: ResponseRoot, head: ResponseHead, rest: readonly XmlNode[]): string {
  return writeXmlDocument(
    xmlElement(root, [
      xmlElement("ResponseCode", String(head.code)),
      xmlElement("ResponseMessage", head.message),
      xmlElement("AuditReference", head.auditReference),
      ...rest,
    ]),
  );
}

/** The element whose name tells a client which kind of certificate this is. */
function subjectElement(certificate: RepositoryCertificate, kind: RepositoryCertificate["kind"]): XmlNode[] {
  if (certificate.subjectIdentifier === undefined) return [];
  const name = kind === "device" ? "CertificateSubjectAltName" : "CertificateSubjectName";
  return [xmlElement(name, formatEui64(certificate.subjectIdentifier))];
}

const serialElement = ({ serialNumber }: RepositoryCertificate): XmlNode =>
  xmlElement("CertificateSerial", serialNumber.toUpperCase());

const statusElement = ({ status }: RepositoryCertificate): XmlNode => xmlElement("CertificateStatus", status);

/** The role is there for an organisation only, as a decimal number. */
function factElements({ role, usage }: RepositoryCertificate): XmlNode[] {
  return [
    ...(role === undefined ? [] : [xmlElement("CertificateRole", String(role))]),
    xmlElement("CertificateUsage", usage),
    // "true" would mark a certificate for a device's manufacture; OpenSMKI keeps no such mark.
    xmlElement("ManufacturingFlag", "false"),
  ];
}
