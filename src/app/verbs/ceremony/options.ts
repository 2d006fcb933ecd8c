import type { Command } from "commander";
import { Option } from "commander";
import {
  type AuthorityRevocationReason,
  authorityRevocationReasons,
  type CeremonyOrder,
  type CeremonyPurpose,
} from "../../../authorities/ceremony/ceremony-order.ts";
import type { Sitting } from "../../../authorities/ceremony/sitting.ts";
import { collect, wholeNumber } from "../../../cli/arguments.ts";
import { softwareInWords } from "../../software.ts";
import { type EstateOptions, withEstateOptions } from "../estate-options.ts";
import { operatorAtMachine } from "../operator.ts";

/** Options that say who is in the room. */
export interface SittingOptions extends EstateOptions {
  readonly witness?: readonly string[];
}

/** Options that say what a ceremony is to do. */
export interface OrderOptions {
  readonly count?: number;
  readonly authority?: string;
  readonly reason?: AuthorityRevocationReason;
  readonly name?: string;
}

export function withSittingOptions(command: Command): Command {
  return withEstateOptions(command).option(
    "--witness <name>",
    'a person who watches, with their role if you like: "Ada Byron (auditor)"; give it once for each, two at least',
    collect,
  );
}

/** Adds what only ceremonies of that purpose are told. */
export function withOrderOptions(command: Command, purpose: CeremonyPurpose): Command {
  switch (purpose) {
    case "found":
    case "arl":
      return command;
    case "stock":
      return command.option(
        "--count <number>",
        "how many Issuing DCAs (default: up to the stock's size)",
        wholeNumber(1, 1_000),
      );
    case "replace":
      return command
        .requiredOption("--authority <id>", "which revoked CA, for example issuing-oca")
        .requiredOption(
          "--name <name>",
          "the common name of the new CA: up to 4 letters or digits, never used before",
        );
    case "revoke":
      return command
        .requiredOption("--authority <id>", "which CA, for example issuing-dca/0007")
        .addOption(
          new Option("--reason <reason>", "the ground")
            .choices(authorityRevocationReasons)
            .default("unspecified"),
        );
  }
}

export function orderOf(purpose: CeremonyPurpose, options: OrderOptions): CeremonyOrder {
  const { count, authority, reason, name } = options;
  return {
    purpose,
    ...(count === undefined ? {} : { count }),
    ...(authority === undefined ? {} : { authorityId: authority }),
    ...(reason === undefined ? {} : { reason }),
    ...(name === undefined ? {} : { name }),
  };
}

/** Who is in the room: the witnesses by their options, the operator as the system knows them. */
export function sittingOf({ witness = [] }: SittingOptions): Sitting {
  return {
    witnesses: witness,
    sampleWitnesses: false,
    operator: operatorAtMachine().name,
    software: softwareInWords(),
  };
}
