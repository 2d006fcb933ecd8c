import { UsageCounter } from "../../repository/access/usage.ts";
import { extractRoutes } from "../../web/file-transfer/extract-routes.ts";
import { hostKey } from "../../web/file-transfer/host-key.ts";
import { createFileTransfer, type FileTransfer } from "../../web/file-transfer/sftp-server.ts";
import type { WebServer } from "../../web/server/create-server.ts";
import type { Estate } from "../estate/estate.ts";
import { extractFolder } from "./extracts.ts";
import { type Log, loggable } from "./log.ts";

/** Serves the bulk files over HTTPS, beside the other interfaces. */
export async function serveExtracts(server: WebServer, estate: Estate, log: Log): Promise<void> {
  const { database, clock, rules } = estate;
  const usage = usageCounter(estate, log);
  server.addHook("onClose", () => usage.close());
  await extractRoutes(server, { database, clock, rules, usage, folder: extractFolder(estate) });
}

const usageCounter = ({ database, clock }: Estate, log: Log): UsageCounter =>
  new UsageCounter(database, clock, (error) => {
    log.error(loggable(error), "counting of requests waits");
  });

/** The file transfer with where it listens and what its users compare. */
export interface RunningFileTransfer extends FileTransfer {
  readonly fingerprint: string;
}

/** Makes the file transfer of an estate; undefined where no setting asks for one. */
export async function fileTransferOf(estate: Estate, log: Log): Promise<RunningFileTransfer | undefined> {
  const { database, clock, rules, settings, paths } = estate;
  const { port, connections, idleMinutes } = settings.extract.sftp;
  if (port === undefined) return undefined;
  const key = await hostKey(paths.sftpHostKey);
  const usage = usageCounter(estate, log);
  const transfer = createFileTransfer({
    database,
    clock,
    rules,
    usage,
    folder: extractFolder(estate),
    hostKey: key,
    connections,
    longestSilence: idleMinutes * 60_000,
    on: {
      login: ({ id }, address) => {
        log.info({ user: id, address }, "file transfer: logged in");
      },
      refusal: (name, address, reason) => {
        log.warn({ user: name, address, reason }, "file transfer: refused");
      },
      download: ({ id }, extract, file) => {
        log.info({ user: id, extract, file }, "file transfer: opened");
      },
      failure: (error) => {
        log.error(loggable(error), "file transfer");
      },
    },
  });
  return {
    ...transfer,
    fingerprint: key.fingerprint,
    close: async () => {
      await transfer.close();
      await usage.close();
    },
  };
}
