import { table } from "../../src/cli/output.ts";
import type { BenchResult, Measurement } from "./measurement.ts";

/** A result as a person reads it: figures with their floors, how they were made, what was checked. */
export function formatResult({ bench, measurements, settings, checks }: BenchResult): string {
  const rows = measurements.map((measurement) => [
    measurement.name,
    number(measurement.value),
    measurement.unit,
    measurement.floor === undefined ? "" : number(measurement.floor),
    measurement.ratio === undefined ? "" : measurement.ratio.toFixed(2),
    verdict(measurement),
    measurement.floorName ?? "",
  ]);
  const parts = [
    bench,
    indent(table(["figure", "value", "unit", "floor", "ratio", "to reach", "the floor is"], rows)),
    indent(
      Object.entries(settings)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join("\n"),
    ),
  ];
  if (checks.length > 0)
    parts.push(indent(checks.map(({ name, holds, found }) => `${mark(holds)} ${name}: ${found}`).join("\n")));
  return `\n${parts.join("\n\n")}\n`;
}

function verdict({ target, reached }: Measurement): string {
  return target === undefined ? "" : `${target} ${reached === true ? "yes" : "NO"}`;
}

const mark = (holds: boolean): string => (holds ? "ok    " : "FAILED");

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-GB");
  return value.toPrecision(3);
}
