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
  // The process that started us is gone, however it ended.
  process.on("disconnect", () => {
    if (!controller.signal.aborted) controller.abort();
  });
  // Listening for the parent's end must not itself keep us running when our work is done.
  process.channel?.unref();
  return { signal: controller.signal };
}

/** Tells the process that started us that we are at work, and where. */
export function tellReady(where: Readonly<Record<string, string | number>> = {}): void {
  process.send?.({ ready: true, ...where });
}
