import { folderFailure } from "../../database/folder-failure.ts";
import { issuerCertificates } from "../../repository/repository.ts";
import { milliseconds } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";
import { requireHierarchy } from "../estate/ceremony-room.ts";
import { type Estate, openEstate } from "../estate/estate.ts";
import { readVerifierKey } from "../estate/ledger-key.ts";
import { estatePaths } from "../estate/paths.ts";
import { Supervisor } from "./supervisor.ts";

/** A running service. */
export interface RunningService {
  readonly estate: Estate;
  /** The JSON API. */
  readonly url: string;
  /** The repository service in the manner of DCC Boxed; undefined where it does not run. */
  readonly repositoryUrl: string | undefined;
  /** Where Prometheus reads; undefined where the settings name no port. */
  readonly metricsUrl: string | undefined;
  /** The same of each worker as they were started; empty where the settings name no port for them. */
  readonly workerMetricsUrls: readonly string[];
  /** The file transfer's port, and the fingerprint of its host key; undefined where the settings name no port. */
  readonly sftp: { readonly port: number; readonly fingerprint: string } | undefined;
  /** What the workers sign with. */
  readonly signer: string;
  readonly logFile: string;
  /** Resolves when the service ended because a process of it could not be kept running. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
  /** Ends the processes at once; the database recovers at the next start. */
  readonly kill: () => void;
}

/**
 * Starts the service on a data folder: PostgreSQL, the web process, the workers; and keeps them running.
 *
 * @throws SmkiError ESTATE_EMPTY, DATABASE_FOLDER_IN_USE, PORT_IN_USE, PROCESS_FAILED and whatever keeps a part away
 */
export async function startService(settings: Settings): Promise<RunningService> {
  // Before anything is made: an empty folder stays empty.
  readVerifierKey(estatePaths(settings.dataFolder));
  const estate = await openEstate(settings, { applicationName: "smki up", server: "start" });
  let supervisor: Supervisor | undefined;
  const stop = async (): Promise<void> => {
    // One deadline for all: what the processes leave of it is the database's.
    const limit = milliseconds(estate.rules.shutdownLimit);
    const databaseEndsAtOnce = performance.now() + limit * 0.85;
    try {
      await supervisor?.stop(limit * 0.7);
    } finally {
      await estate.close(databaseEndsAtOnce - performance.now());
    }
  };
  try {
    requireHierarchy((await estate.database.read(issuerCertificates)).length, settings.dataFolder);
    const started = (supervisor = new Supervisor(estate));
    const [web, ...workers] = await started.startAll();
    return {
      estate,
      url: String(web?.["url"]),
      repositoryUrl: web?.["repositoryUrl"] === undefined ? undefined : String(web["repositoryUrl"]),
      metricsUrl: web?.["metricsUrl"] === undefined ? undefined : `${String(web["metricsUrl"])}/metrics`,
      workerMetricsUrls: workers.flatMap(({ metricsUrl }) =>
        metricsUrl === undefined ? [] : [`${String(metricsUrl)}/metrics`],
      ),
      sftp:
        web?.["sftpPort"] === undefined
          ? undefined
          : { port: Number(web["sftpPort"]), fingerprint: String(web["sftpFingerprint"]) },
      signer: String(workers[0]?.["signer"]),
      logFile: started.logFile,
      failed: started.failed,
      stop,
      kill: () => {
        started.kill();
      },
    };
  } catch (error) {
    await stop();
    throw folderFailure(error, settings.dataFolder);
  }
}
