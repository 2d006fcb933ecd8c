/** Waits for `work`, but no longer than that many milliseconds. */
export async function within(limit: number, work: Promise<unknown> | undefined): Promise<void> {
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => {
    timer.resolve(undefined);
  }, limit);
  try {
    await Promise.race([work, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
