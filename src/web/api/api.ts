import swagger from "@fastify/swagger";
import type { WebServer } from "../server/create-server.ts";
import type { ApiContext } from "./context.ts";
import { issuanceRoutes } from "./issuance-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import { revocationRoutes } from "./revocation-routes.ts";
import { statusRoutes } from "./status-routes.ts";

/** The JSON API, version 1: additive only. Its description is made from the schemas that check it. */
export async function registerApi(server: WebServer, context: ApiContext): Promise<void> {
  await server.register(swagger, {
    openapi: {
      info: {
        title: "OpenSMKI",
        version: "1",
        description:
          "Certificates of the Smart Metering Key Infrastructure. Requests other than status, CA certificates and revocation lists need an IKI client certificate.",
        license: { name: "Apache-2.0" },
      },
    },
  });
  statusRoutes(server, context);
  repositoryRoutes(server, context);
  issuanceRoutes(server, context);
  revocationRoutes(server, context);
  server.get("/api/v1/openapi.json", { schema: { hide: true } }, () => server.swagger());
}
