/** What ends this process: SIGTERM or Ctrl-C, or the end of the process that started it. */
export interface Stopping {
  readonly signal: AbortSignal;
}

/**
 * Turns signals into one abort. The first asks for an orderly end; a second one ends the process at once.
 *
 * @param onSecond - what must not be left behind even then, such as child processes
 */
export function listenForStop(onSecond: () => void = () => undefined): Stopping {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) {
      onSecond();
      process.exit(1);
    }
    controller.abort();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The process that started us is gone, however it ended, perhaps before we listened.
  const orphaned = (): void => {
    if (!controller.signal.aborted) controller.abort();
  };
  process.on("disconnect", orphaned);
  if (process.send !== undefined && !process.connected) orphaned();
  // Listening for the parent's end must not itself keep us running when our work is done.
  process.channel?.unref();
  return { signal: controller.signal };
}

/** Resolves when this process is to stop. */
export function whenStopped({ signal }: Stopping): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      resolve();
    });
    if (signal.aborted) resolve();
  });
}

/** Tells the process that started us that we are at work, and where; one that is gone need not know. */
export function tellReady(where: Readonly<Record<string, string | number>> = {}): void {
  if (process.connected) process.send?.({ ready: true, ...where }, () => undefined);
}
