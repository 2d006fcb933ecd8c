// Started by smki-client.system.test.ts: a client that kills its own process, without warning, after one step.
import { readFileSync } from "node:fs";
import { defaultEdition, rulebookFor } from "../../../rulebook/index.ts";
import { createOutput } from "../../output.ts";
import { HttpService } from "../service.ts";
import { submitFolder } from "../submit-folder.ts";

const [folder = "", url = "", fatal = ""] = process.argv.slice(2);
const file = (name: string) => readFileSync(`${folder}.${name}`, "utf8");
const credential = { cert: file("pem"), key: file("key"), ca: file("ca") };
await submitFolder({
  folder,
  url,
  service: new HttpService(new URL(url), credential),
  batchSize: 2,
  // At once: a batch is seen before it is complete.
  polling: { every: 1, once: false },
  resend: [],
  received: new Map(),
  retry: false,
  rules: rulebookFor(defaultEdition),
  clock: () => new Date(),
  output: createOutput(true),
  afterStep: (step) => {
    if (step === fatal) process.kill(process.pid, "SIGKILL");
  },
});
