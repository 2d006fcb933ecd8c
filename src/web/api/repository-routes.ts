import Type from "typebox";
import { eui64, normaliseSerialNumber, remotePartyRole } from "../../certificates/index.ts";
import {
  issuerCertificate,
  issuerCertificates,
  retrieveCertificate,
  revocationList,
  searchCertificates,
} from "../../repository/repository.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import type { ApiContext } from "./context.ts";
import { CertificateView, SerialNumberText } from "./schemas.ts";
import { certificateView } from "./views.ts";

const AuthorityView = Type.Object({
  id: Type.String(),
  profile: Type.String(),
  issuer: Type.String(),
  serialNumber: Type.String(),
  state: Type.String(),
  certificate: Type.String({ description: "DER in Base64" }),
});

/** The repository: certificates for those with a credential; CA certificates and revocation lists for everyone. */
export function repositoryRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock } = context;

  server.get(
    "/api/v1/certificates",
    {
      schema: {
        summary: "Search certificates",
        querystring: Type.Object(
          {
            device: Type.Optional(Type.String({ description: "EUI-64 of a device" })),
            organisation: Type.Optional(Type.String({ description: "EUI-64 of an organisation" })),
            role: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
            usage: Type.Optional(Type.Union([Type.Literal("DS"), Type.Literal("KA"), Type.Literal("CA")])),
            status: Type.Optional(
              Type.Union(
                ["P", "I", "N", "E", "R"].map((letter) =>
                  Type.Literal(letter as "P" | "I" | "N" | "E" | "R"),
                ),
              ),
            ),
            serialNumber: Type.Optional(SerialNumberText),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ certificates: Type.Array(CertificateView) }) },
      },
    },
    async (request) => {
      await principalOf(request, database);
      const { device, organisation, role, serialNumber, usage, status } = request.query;
      const search = {
        ...(device === undefined ? {} : { device: eui64(device) }),
        ...(organisation === undefined ? {} : { organisation: eui64(organisation) }),
        ...(role === undefined ? {} : { role: remotePartyRole(role) }),
        ...(serialNumber === undefined ? {} : { serialNumber: normaliseSerialNumber(serialNumber) }),
        ...(usage === undefined ? {} : { usage }),
        ...(status === undefined ? {} : { status }),
      };
      const found = await database.read((tx) => searchCertificates(tx, search, clock()));
      return { certificates: found.map(certificateView) };
    },
  );

  server.get(
    "/api/v1/certificates/:serialNumber",
    {
      schema: {
        summary: "One certificate: JSON, or DER for Accept: application/pkix-cert",
        params: Type.Object({ serialNumber: SerialNumberText }),
        response: { 200: CertificateView },
      },
    },
    async (request, reply) => {
      await principalOf(request, database);
      const serialNumber = normaliseSerialNumber(request.params.serialNumber);
      const certificate = await database.read((tx) => retrieveCertificate(tx, serialNumber, clock()));
      if (request.headers.accept === "application/pkix-cert")
        return reply
          .type("application/pkix-cert")
          .serializer(String)
          .send(certificate.certificate as never);
      return certificateView(certificate);
    },
  );

  server.get(
    "/api/v1/authorities",
    {
      schema: {
        summary: "The CAs and their certificates",
        response: { 200: Type.Object({ authorities: Type.Array(AuthorityView) }) },
      },
    },
    async () => {
      const authorities = await database.read(issuerCertificates);
      return {
        authorities: authorities.map((authority) => ({
          id: authority.id,
          profile: authority.profile,
          issuer: authority.issuerId,
          serialNumber: authority.serialNumber,
          state: authority.state,
          certificate: authority.certificate.toString("base64"),
        })),
      };
    },
  );

  server.get(
    "/api/v1/authorities/certificate",
    {
      schema: {
        summary: "One CA's certificate, DER",
        querystring: Type.Object({ authority: Type.String({ maxLength: 40 }) }),
      },
    },
    async (request, reply) => {
      const authority = await database.read((tx) => issuerCertificate(tx, request.query.authority));
      return reply.type("application/pkix-cert").send(authority.certificate);
    },
  );

  server.get(
    "/api/v1/revocation-lists",
    {
      schema: {
        summary: "The current CRL or ARL of a CA, DER",
        querystring: Type.Object({ authority: Type.String({ maxLength: 40 }) }),
      },
    },
    async (request, reply) => {
      const list = await database.read((tx) => revocationList(tx, request.query.authority));
      return reply
        .type("application/pkix-crl")
        .header("last-modified", list.thisUpdate.toUTCString())
        .header("expires", list.nextUpdate.toUTCString())
        .header("etag", `"${list.authorityId}-${String(list.number)}"`)
        .send(list.list);
    },
  );
}
