// Run as a process of its own by the tests: starts a server, says where, and stays until it is killed.
import { isSmkiError } from "../../../errors/smki-error.ts";
import { startEmbeddedServer } from "../server.ts";

const [dataFolder = ""] = process.argv.slice(2);
try {
  const { connectionString, pid } = await startEmbeddedServer({ dataFolder });
  process.stdout.write(`${JSON.stringify({ connectionString, pid, uid: process.getuid?.() })}\n`);
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: isSmkiError(error) ? error.code : String(error) })}\n`);
}
