/** Something that goes on until it is told to stop; then it finishes what it has begun, and resolves. */
export type Loop = (stop: AbortSignal) => Promise<void>;

/**
 * Runs loops until `stop`. When one fails, the others are told to stop too, and only when every one has ended is
 * the failure thrown: nobody closes what they work with under their hands, and none works on alone.
 *
 * @throws what the first loop that failed threw
 */
export async function runTogether(stop: AbortSignal, loops: readonly Loop[]): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([stop, failed.signal]);
  const run = async (loop: Loop): Promise<void> => {
    try {
      await loop(either);
    } catch (error) {
      // Of several failures the first is kept: the others mostly follow from it.
      failed.abort(error);
    }
  };
  await Promise.all(loops.map(run));
  failed.signal.throwIfAborted();
}
