import Type from "typebox";
import { requestRevocation } from "../../authorities/revocation/request-revocation.ts";
import { permittedReasons } from "../../authorities/revocation/revoke.ts";
import { normaliseSerialNumber } from "../../certificates/index.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import type { ApiContext } from "./context.ts";
import { SerialNumberText } from "./schemas.ts";

/** Revocation of a Party's own Organisation Certificates. */
export function revocationRoutes(server: WebServer, { database, clock }: ApiContext): void {
  server.post(
    "/api/v1/revocations",
    {
      schema: {
        summary: "Revoke an Organisation Certificate of your own Party",
        body: Type.Object(
          {
            serialNumber: SerialNumberText,
            reason: Type.Union(permittedReasons.map((reason) => Type.Literal(reason))),
          },
          { additionalProperties: false },
        ),
        response: { 201: Type.Object({ serialNumber: Type.String(), revokedAt: Type.String() }) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const serialNumber = normaliseSerialNumber(request.body.serialNumber);
      const at = clock();
      await database.transaction((tx) =>
        requestRevocation(tx, principal, serialNumber, request.body.reason, at),
      );
      return reply.status(201).send({ serialNumber, revokedAt: at.toISOString() });
    },
  );
}
