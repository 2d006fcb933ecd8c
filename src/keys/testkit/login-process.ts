import { openSigner } from "../open.ts";
import type { SignerSettings } from "../settings.ts";

/* A process of its own, for tests: opens and closes a store, which logs in each time, until it is killed. */
const settings = JSON.parse(process.argv[2] ?? "") as SignerSettings;
process.stdout.write("ready\n");
for (;;) await (await openSigner(settings)).close();
