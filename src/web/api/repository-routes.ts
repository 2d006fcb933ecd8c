import Type from "typebox";
import { eui64, normaliseSerialNumber, remotePartyRole } from "../../certificates/index.ts";
import { lookUps } from "../../repository/look-ups.ts";
import { issuerCertificate, issuerCertificates } from "../../repository/repository.ts";
import type { WebServer } from "../server/create-server.ts";
import type { ApiContext } from "./context.ts";
import { certificateType, Octets, prefersDer, sendOctets } from "./octets.ts";
import { AuthorityId, CertificateView, SerialNumberText, Status } from "./schemas.ts";
import { certificateView } from "./views.ts";

const AuthorityView = Type.Object({
  id: Type.String(),
  profile: Type.String(),
  issuer: Type.String(),
  serialNumber: Type.String(),
  state: Type.String(),
  certificate: Type.String({ description: "DER in Base64" }),
});

/** The repository: certificates for those with a credential; CA certificates for everyone. */
export function repositoryRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock } = context;
  const look = lookUps(database, clock);

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
            status: Type.Optional(Status),
            serialNumber: Type.Optional(SerialNumberText),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ certificates: Type.Array(CertificateView) }) },
      },
    },
    async (request) => {
      const { device, organisation, role, serialNumber, usage, status } = request.query;
      const search = {
        ...(device === undefined ? {} : { device: eui64(device) }),
        ...(organisation === undefined ? {} : { organisation: eui64(organisation) }),
        ...(role === undefined ? {} : { role: remotePartyRole(role) }),
        ...(serialNumber === undefined ? {} : { serialNumber: normaliseSerialNumber(serialNumber) }),
        ...(usage === undefined ? {} : { usage }),
        ...(status === undefined ? {} : { status }),
      };
      const found = await look.search(search);
      return { certificates: found.map(certificateView) };
    },
  );

  server.get(
    "/api/v1/certificates/:serialNumber",
    {
      schema: {
        summary: "One certificate: JSON, or DER for Accept: application/pkix-cert",
        params: Type.Object({ serialNumber: SerialNumberText }),
        response: {
          200: {
            description: "The certificate",
            content: {
              "application/json": { schema: CertificateView },
              [certificateType]: { schema: Octets },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const serialNumber = normaliseSerialNumber(request.params.serialNumber);
      const certificate = await look.retrieve(serialNumber);
      if (prefersDer(request.headers.accept))
        return sendOctets(reply, certificateType, certificate.certificate);
      return certificateView(certificate);
    },
  );

  server.get(
    "/api/v1/authorities",
    {
      config: { access: "public" },
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
      config: { access: "public" },
      schema: {
        summary: "One CA's certificate, DER",
        querystring: AuthorityId,
        response: { 200: { description: "DER", content: { [certificateType]: { schema: Octets } } } },
      },
    },
    async (request, reply) => {
      const authority = await database.read((tx) => issuerCertificate(tx, request.query.authority));
      return sendOctets(reply, certificateType, authority.certificate);
    },
  );
}
