// Started by witness.system.test.ts: a witness that kills its own process, without warning, after one step.
import { startWitness } from "../witness.ts";

const [folder = "", log = "", fatal = ""] = process.argv.slice(2);
const { url } = await startWitness({
  folder,
  logs: [log],
  host: "127.0.0.1",
  port: 0,
  afterStep: (step) => {
    if (step === fatal) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write(`${url}\n`);
