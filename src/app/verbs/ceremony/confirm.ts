import { createInterface } from "node:readline/promises";
import { SmkiError } from "../../../errors/smki-error.ts";

/**
 * Asks the person at the terminal whether to begin. Where there is no terminal nobody can answer, and whoever wrote
 * the call has: it goes on.
 *
 * @throws SmkiError CEREMONY_NOT_CONFIRMED
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${question} Type yes to begin: `);
    if (answer.trim().toLowerCase() !== "yes") throw new SmkiError("CEREMONY_NOT_CONFIRMED");
  } finally {
    terminal.close();
  }
}
