/** Something to undo, however the bench ends. */
export interface Undoing {
  /** Does it now, and not again at the end. */
  readonly now: () => Promise<void>;
}

const undoings: (() => Promise<void>)[] = [];

/** Registers what must not be left behind: processes, servers, folders. Undone in the reverse order. */
export function onExit(undo: () => Promise<void>): Undoing {
  undoings.push(undo);
  return {
    now: async () => {
      const at = undoings.indexOf(undo);
      if (at < 0) return;
      undoings.splice(at, 1);
      await undo();
    },
  };
}

/** Undoes everything that is still registered. */
export async function leaveNothing(): Promise<void> {
  for (let undo = undoings.pop(); undo !== undefined; undo = undoings.pop())
    await undo().catch((error: unknown) => {
      process.stderr.write(`bench: ${String(error)}\n`);
    });
}

/** Ctrl-C and SIGTERM leave nothing behind; a second one does not wait. */
export function leaveNothingOnSignals(): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      process.stderr.write("\nbench: stopping; everything that was started is stopped and removed ...\n");
      void leaveNothing().then(() => process.exit(130));
    });
}
