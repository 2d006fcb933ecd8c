import { createInterface } from "node:readline/promises";
import { SmkiError } from "../../../errors/smki-error.ts";

/** Whether there is a person who can be asked. */
export const hasTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/** Asks the person at the terminal. @returns the answer, without spaces around it; undefined when it is ended (Ctrl-C, Ctrl-D) */
export async function ask(question: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const ended = new Promise<undefined>((resolve) => {
      terminal.once("close", () => {
        resolve(undefined);
      });
    });
    // On some releases an ended terminal rejects the question, on others it leaves it open.
    return await Promise.race([terminal.question(question).catch(() => undefined), ended]).then((answer) =>
      answer?.trim(),
    );
  } finally {
    terminal.close();
  }
}

/**
 * Asks the person at the terminal whether to begin. Where there is no terminal nobody can answer, and whoever wrote
 * the call has: it goes on.
 *
 * @throws SmkiError CEREMONY_NOT_CONFIRMED
 */
export async function confirm(question: string): Promise<void> {
  if (!hasTerminal()) return;
  if ((await ask(`${question} Type yes to go on: `))?.toLowerCase() !== "yes")
    throw new SmkiError("CEREMONY_NOT_CONFIRMED");
}
