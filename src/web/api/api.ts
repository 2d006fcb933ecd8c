import swagger from "@fastify/swagger";
import type { RouteOptions } from "fastify";
import { ledgerRoutes } from "../ledger/ledger-routes.ts";
import { measureResponses } from "../repository-service/measure.ts";
import type { WebServer } from "../server/create-server.ts";
import { requireCredentials } from "../server/principal.ts";
import type { ApiContext } from "./context.ts";
import { deviceFileRoutes } from "./device-file-routes.ts";
import { deviceRoutes } from "./device-routes.ts";
import { documentRoutes } from "./document-routes.ts";
import { issuanceRoutes } from "./issuance-routes.ts";
import { listRoutes } from "./list-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import { revocationRoutes } from "./revocation-routes.ts";
import { Problem } from "./schemas.ts";
import { statusRoutes } from "./status-routes.ts";
import { usageRoutes } from "./usage-routes.ts";

const credentialScheme = "ikiCredential";
const apiKeyScheme = "apiKey";

/** The JSON API, version 1: additive only. Its description is made from the schemas that check it. */
export async function registerApi(server: WebServer, context: ApiContext): Promise<void> {
  await server.register(async (described) => {
    described.addHook("onRoute", describeAccess);
    await described.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: {
          title: "OpenSMKI",
          version: "1",
          description:
            "Certificates of the Smart Metering Key Infrastructure. Requests other than status, CA certificates, revocation lists and the ledger need an IKI client certificate; where the operator says so, most of the ledger does too.",
          license: { name: "Apache-2.0", identifier: "Apache-2.0" },
        },
        components: {
          securitySchemes: {
            [credentialScheme]: {
              type: "mutualTLS",
              description: "The IKI Certificate of an Authorised Responsible Officer or of a system",
            } as never,
            [apiKeyScheme]: {
              type: "apiKey",
              in: "header",
              name: "x-api-key",
              description: "The API key of a user of the repository",
            },
          },
        },
      },
    });
    await described.register(async (api) => {
      requireCredentials(api, context);
      statusRoutes(api, context);
      // Each in a scope of its own, since they are measured apart.
      await api.register(async (scope) => {
        measureResponses(scope, context.responseTimes, "json-api");
        repositoryRoutes(scope, context);
        documentRoutes(scope, context);
      });
      await api.register(async (scope) => {
        measureResponses(scope, context.responseTimes, "lists");
        listRoutes(scope, context);
      });
      usageRoutes(api, context);
      issuanceRoutes(api, context);
      deviceFileRoutes(api, context);
      deviceRoutes(api, context);
      revocationRoutes(api, context);
      // In a scope of its own: what it says of caching is of its answers only.
      await api.register(async (scope) => {
        ledgerRoutes(scope, context);
      });
      api.get("/api/v1/openapi.json", { config: { access: "public" }, schema: { hide: true } }, () =>
        api.swagger(),
      );
    });
    await context.beside?.(described);
  });
}

/** Adds to each route's description what holds for all: the form of a refusal, and who may ask. */
function describeAccess(route: RouteOptions): void {
  const { schema } = route;
  if (schema === undefined || schema.hide === true) return;
  route.schema = {
    ...schema,
    response: { ...(schema.response as object | undefined), "4xx": Problem, "5xx": Problem },
    ...(route.config?.access === "public" ? {} : { security: waysIn(route) }),
  };
}

/** Either of them lets in. */
const waysIn = ({ config }: RouteOptions) => [
  { [credentialScheme]: [] },
  ...(config?.access === "user" ? [{ [apiKeyScheme]: [] }] : []),
];
