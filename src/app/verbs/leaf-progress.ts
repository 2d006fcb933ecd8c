import type { Output } from "../../cli/output.ts";

/**
 * Shows how far work over the leaves of a ledger has come.
 *
 * @param size - leaves, as far as is known before
 * @param work - is given what it calls now and then with the leaves done so far
 */
export function leafProgress<Result>(
  output: Output,
  title: string,
  size: number,
  work: (onProgress: (leaves: number) => void) => Promise<Result>,
): Promise<Result> {
  return output.progress(title, size, (advance) => {
    let shown = 0;
    return work((leaves) => {
      advance(leaves - shown);
      shown = leaves;
    });
  });
}
