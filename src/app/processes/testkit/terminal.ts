import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { smki } from "./smki.ts";

export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/**
 * Runs `smki` at a terminal of its own, of which Node.js has none to give, and answers its questions.
 *
 * @param answers - one to each question in turn; `CTRL-C` and `CTRL-D` are the keys
 */
export async function atTerminal(words: readonly string[], answers: readonly string[]) {
  const script = join(import.meta.dirname, "terminal.py");
  const through = ["python3", script, JSON.stringify(answers)];
  const { stdout, status } = await smki(words, { through });
  return { shown: stdout.replaceAll("\r", ""), status };
}
