import { InvalidArgumentError } from "commander";

/** Parses a whole number of an option or argument; commander tells the mistake with the option's name. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < lowest || number > highest)
      throw new InvalidArgumentError(
        `a whole number from ${String(lowest)} to ${String(highest)} is needed.`,
      );
    return number;
  };
}

/** Collects an option that may be given several times. */
export function collect(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}
