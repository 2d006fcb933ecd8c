import { SentTimes } from "../../../issuance/sent-times.ts";
import type { WebServer } from "../../server/create-server.ts";
import { schemaRoutes } from "../schemas/schema-routes.ts";
import { adHocService } from "./ad-hoc-service.ts";
import { batchedService } from "./batched-service.ts";
import type { SmkiServicesContext } from "./context.ts";

/**
 * The Device CSR web services of SEC Appendix M, each in a scope of its own: a credential is good for one of them
 * (Appendix M 2.4, 2.5), and each refuses in its own form.
 */
export async function registerSmkiServices(server: WebServer, context: SmkiServicesContext): Promise<void> {
  const sentTimes = new SentTimes(context.database);
  server.addHook("onClose", () => sentTimes.store());
  schemaRoutes(server);
  await server.register(async (scope) => {
    adHocService(scope, context, sentTimes);
  });
  await server.register(async (scope) => {
    batchedService(scope, context);
  });
}
