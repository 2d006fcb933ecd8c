/** One figure with what it is held against, measured in the same run. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The floor in the same unit; absent where a figure has none. */
  readonly floor?: number;
  /** Which floor that is. */
  readonly floorName?: string;
  /** For rates `value / floor`, for times `floor / value`: 1 is the floor itself, and more is better. */
  readonly ratio?: number;
  /** The ratio, or for a figure without a floor the value, that is to be reached. */
  readonly target?: string;
  readonly reached?: boolean;
}

/** What was found true or false about a run, off the clock; a figure counts only when all hold. */
export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly found: string;
}

/** What one bench gives. */
export interface BenchResult {
  readonly bench: string;
  readonly measurements: readonly Measurement[];
  /** How the run was made: counts, signer, the server's settings. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly checks: readonly Check[];
}

/** A rate with its floor. */
export function rate(
  name: string,
  value: number,
  unit: string,
  floor: { readonly name: string; readonly value: number },
  leastRatio?: number,
): Measurement {
  const ratio = value / floor.value;
  return {
    ...{ name, value, unit, floor: floor.value, floorName: floor.name, ratio },
    ...(leastRatio === undefined
      ? {}
      : { target: `ratio >= ${String(leastRatio)}`, reached: ratio >= leastRatio }),
  };
}

/** A time with what alone would take that long at least. */
export function time(
  name: string,
  value: number,
  unit: "s" | "ms",
  floor?: { readonly name: string; readonly value: number },
  most?: number,
): Measurement {
  return {
    ...{ name, value, unit },
    ...(floor === undefined ? {} : { floor: floor.value, floorName: floor.name, ratio: floor.value / value }),
    ...(most === undefined ? {} : { target: `<= ${String(most)} ${unit}`, reached: value <= most }),
  };
}

/** The value in the middle; of an even number, the upper one of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that at least this share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
