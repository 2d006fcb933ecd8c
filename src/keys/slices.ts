import { setImmediate as nextTurn } from "node:timers/promises";

/** Some 3 ms of P-256 signatures: short against a heartbeat or a signal, long against the cost of a turn. */
const SLICE = 128;

/**
 * Applies a blocking function to each item, in order, giving the event loop a turn between slices, so that a worker
 * that signs a large batch still answers signals and keeps its database connection alive.
 */
export async function mapInSlices<Item, Answer>(
  items: readonly Item[],
  answer: (item: Item) => Answer,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += SLICE) {
    if (start > 0) await nextTurn();
    for (const item of items.slice(start, start + SLICE)) answers.push(answer(item));
  }
  return answers;
}
