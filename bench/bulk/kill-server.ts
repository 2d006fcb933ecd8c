import { join } from "node:path";
import type { Estate } from "../../src/app/estate/estate.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";

/** Kills the database server with SIGKILL, as a crash would: nothing is flushed, and the next start recovers. */
export async function killServer(estate: Estate): Promise<void> {
  const postmaster = readPostmaster(join(estate.paths.data, "postgresql", "cluster"));
  if (postmaster === undefined) throw new Error("no server runs on this data folder");
  process.kill(postmaster.pid, "SIGKILL");
  await estate.close();
}
