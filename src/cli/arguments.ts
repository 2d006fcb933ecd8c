import { CommanderError, InvalidArgumentError } from "commander";

/** Parses a whole number of an option or argument; commander tells the mistake with the option's name. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < lowest || number > highest)
      throw new InvalidArgumentError(
        `A whole number from ${String(lowest)} to ${String(highest)} is needed.`,
      );
    return number;
  };
}

/** Collects an option that may be given several times. */
export function collect(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}

/**
 * For a verb whose status 1 is an answer, such as "it does not hold": what was typed wrongly ends with 2 instead.
 *
 * @throws CommanderError which `main` takes the status from
 */
export function misusedWithStatus2({ exitCode, code, message }: CommanderError): never {
  throw new CommanderError(exitCode === 0 ? 0 : 2, code, message);
}
