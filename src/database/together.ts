/**
 * Waits for statements that were asked for at once, on one connection: they go out one behind the other, and are carried
 * out in that order, without a wait for each answer in between.
 *
 * All of them are over when this settles, whatever becomes of one: a statement that was still to come after the end of its
 * transaction would be carried out by itself, outside it.
 *
 * @param asked - their answers; what is asked for in several steps may stand among them
 * @returns the answers in the order of the statements
 * @throws whatever was thrown first: what follows it in a transaction only says that the transaction has failed
 */
export async function together<const Asked extends readonly Promise<unknown>[]>(
  ...asked: Asked
): Promise<{ -readonly [Place in keyof Asked]: Awaited<Asked[Place]> }> {
  const failures: unknown[] = [];
  const answers = await Promise.all(
    asked.map((answer) =>
      answer.catch((error: unknown) => {
        failures.push(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return answers as { -readonly [Place in keyof Asked]: Awaited<Asked[Place]> };
}
