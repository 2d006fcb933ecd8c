import Type from "typebox";
import { authorityStanding } from "../../authorities/standing.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { shownCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import type { WebServer } from "../server/create-server.ts";
import type { ApiContext } from "./context.ts";
import { StatusView } from "./schemas.ts";

/** What this installation is and how it stands; for everyone, and with nothing that is anyone's secret. */
export function statusRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock, rules } = context;

  server.get(
    "/api/v1/health",
    {
      config: { access: "public" },
      schema: {
        summary: "200 when requests can be taken",
        response: { 200: Type.Object({ status: Type.Literal("ok") }) },
      },
    },
    async () => {
      await database.checkHealth();
      return { status: "ok" as const };
    },
  );

  server.get(
    "/api/v1/status",
    {
      config: { access: "public" },
      schema: { summary: "Environment, authorities, queue, warnings", response: { 200: StatusView } },
    },
    async () => {
      const now = clock();
      const { standing, queue } = await database.read(async (tx) => ({
        standing: await authorityStanding(tx, rules, now),
        queue: await issuanceQueue(tx),
      }));
      return {
        environment: context.environment,
        edition: context.edition,
        software: context.software,
        issuingDca: standing.issuingDca,
        lists: [...standing.lists],
        warnings: [...standing.warnings],
        queue,
        ledgerVerifierKey: context.ledgerVerifierKey,
      };
    },
  );

  server.get(
    "/api/v1/ledger/checkpoint",
    {
      config: { access: "public" },
      schema: {
        summary: "The newest signed checkpoint (C2SP tlog-checkpoint)",
        response: {
          200: { description: "A signed note", content: { "text/plain": { schema: Type.String() } } },
        },
      },
    },
    async (_, reply) =>
      reply
        .type("text/plain; charset=utf-8")
        .send(await database.read((tx) => shownCheckpointNote(tx, context.ledger.quorum))),
  );
}
