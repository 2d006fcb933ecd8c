import type { WebServer } from "../../server/create-server.ts";
import { adHocService } from "./ad-hoc-service.ts";
import { batchedService } from "./batched-service.ts";
import type { SmkiServicesContext } from "./context.ts";
import { SentTimes } from "./sent-times.ts";

/**
 * The Device CSR web services of SEC Appendix M, each in a scope of its own: a credential is good for one of them
 * (Appendix M 2.4, 2.5), and each refuses in its own form.
 */
export async function registerSmkiServices(server: WebServer, context: SmkiServicesContext): Promise<void> {
  const sent = new SentTimes(context.database, context.clock, (error) => {
    server.log.error({ err: error }, "response times could not be recorded");
  });
  server.addHook("onClose", () => sent.close());
  await server.register(async (scope) => {
    adHocService(scope, context, sent);
  });
  await server.register(async (scope) => {
    batchedService(scope, context);
  });
}
