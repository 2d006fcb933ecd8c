// Run as a process of its own by the tests: writes a line to the log for each line that it reads, and says so.
import { createInterface } from "node:readline";
import { loadSettings } from "../../../settings/load.ts";
import { createLog } from "../log.ts";

const overrides = { environment: "test", dataFolder: "/nonexistent" } as const;
const log = createLog(loadSettings({ env: {}, overrides }), "test");
for await (const line of createInterface({ input: process.stdin })) {
  log.info(line);
  process.stdout.write("done\n");
}
