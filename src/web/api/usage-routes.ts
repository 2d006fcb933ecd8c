import Type from "typebox";
import { usageOfParty } from "../../repository/access/usage.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import type { ApiContext } from "./context.ts";

const UsageView = Type.Object({
  user: Type.Integer(),
  name: Type.String(),
  webService: Type.Integer({ description: "Requests today, a day of UTC" }),
  fileTransfer: Type.Integer({ description: "Bulk files opened today, by SFTP or HTTPS" }),
  forecast: Type.Optional(Type.Integer({ description: "Requests of the web service in 24 hours" })),
  allowance: Type.Optional(Type.Integer({ description: "Of requests of the web service" })),
  isAbove: Type.Boolean(),
});

/** What the repository users of a Party use. */
export function usageRoutes(server: WebServer, { database, clock, rules }: ApiContext): void {
  server.get(
    "/api/v1/repository-usage",
    {
      schema: {
        summary: "What your own Party's repository users asked today, beside what they may",
        response: { 200: Type.Object({ users: Type.Array(UsageView) }) },
      },
    },
    async (request) => {
      const { partyId } = principalOf(request);
      const usage = await database.read((tx) => usageOfParty(tx, partyId, rules, clock()));
      return {
        users: usage.map(({ user, ...used }) => ({
          user: user.id,
          name: user.name,
          ...(user.forecastRequests === undefined ? {} : { forecast: user.forecastRequests }),
          ...used,
        })),
      };
    },
  );
}
