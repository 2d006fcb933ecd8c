import { isSmkiError } from "../../errors/smki-error.ts";
import { openSigner } from "../open.ts";
import type { SignerSettings } from "../settings.ts";

/*
 * A process of its own, for tests: opens a store, says "ready", waits for a line on its input, then makes the keys
 * that it was told to and writes one line for each: the label when it was made, the error's code when it was not.
 */
interface Task {
  readonly settings: SignerSettings;
  readonly labels: readonly string[];
  /** Whether each key is destroyed once its line is written. */
  readonly afterwards?: "keep" | "destroy";
}

const task = JSON.parse(process.argv[2] ?? "") as Task;
const signer = await openSigner(task.settings);
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.pause();
for (const label of task.labels) {
  try {
    const key = await signer.generateKey(label, "ecdsa-p256-sha256");
    process.stdout.write(`${key.label}\n`);
    if (task.afterwards === "destroy") await signer.destroyKey(key.label);
  } catch (error) {
    process.stdout.write(`${isSmkiError(error) ? error.code : String(error)}\n`);
  }
}
await signer.close();
