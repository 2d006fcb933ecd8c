import { createOperationsServer } from "../../web/operations/operations-server.ts";
import type { Estate } from "../estate/estate.ts";
import { within } from "../estate/within.ts";
import { type Log, loggable } from "./log.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** Workers of one machine share so many ports: as many as there may be workers. */
const portsOfWorkers = 256;
const host = "127.0.0.1";
/** Who reads figures does not keep a stopping worker, in milliseconds. */
const closeWithin = 500;

/** Where a worker tells how it does. */
export interface WorkerOperations {
  readonly where: { readonly metricsUrl?: string };
  close(): Promise<void>;
}

/**
 * Starts the server for a worker's own figures and its health, on the first port that no other worker of this machine has.
 * A worker that finds none works without: nobody's certificate waits for a figure.
 */
export async function startWorkerOperations(
  { settings, database }: Pick<Estate, "settings" | "database">,
  log: Log,
  stopping: AbortSignal,
  metrics: WorkerMetrics,
): Promise<WorkerOperations> {
  const { workerPort, port: portOfWeb } = settings.metrics;
  if (workerPort === undefined) return { where: {}, close: () => Promise.resolve() };
  const trouble = () => metrics.trouble();
  let refusal: unknown;
  for (const port of candidates(workerPort, portOfWeb)) {
    const { registry } = metrics;
    const server = createOperationsServer({ registry, database, stopping, trouble, logger: log });
    try {
      const metricsUrl = await server.listen({ host, port });
      const close = async () => {
        await within(closeWithin, server.close());
        server.server.closeAllConnections();
      };
      return { where: { metricsUrl }, close };
    } catch (error) {
      refusal = error;
      await server.close();
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") break;
    }
  }
  log.error(loggable(refusal), "this worker has no port for its figures, and works without");
  return { where: {}, close: () => Promise.resolve() };
}

function candidates(first: number, portOfWeb: number | undefined): number[] {
  if (first === 0) return [0];
  return Array.from({ length: portsOfWorkers }, (_, index) => first + index).filter(
    (port) => port !== portOfWeb,
  );
}
