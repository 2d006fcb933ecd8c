import { Argument, Command, InvalidArgumentError, Option } from "commander";
import {
  defaultEdition,
  differences,
  type Edition,
  editions,
  isRuleName,
  type RuleName,
  rulebookFor,
} from "../rulebook/index.ts";
import { differencesTable, rulebookTable, ruleText } from "./rulebook-tables.ts";

/** Where a verb writes its answer. */
export type Write = (text: string) => void;

const toStandardOutput: Write = (text) => void process.stdout.write(text);

/**
 * The verb `smki rulebook`: `show [name]` and `diff <a> <b>`.
 *
 * @param write - takes the answer; standard output if left out
 */
export function rulebookCommand(write: Write = toStandardOutput): Command {
  return new Command("rulebook")
    .description("the rules that the system runs by: each with its clause, its source and how sure it is")
    .addCommand(showCommand(write))
    .addCommand(diffCommand(write));
}

function showCommand(write: Write): Command {
  return new Command("show")
    .description("shows all rules of an edition, or one rule in full")
    .argument("[name]", "a rule, for example singleCsrTarget", ruleName)
    .addOption(
      new Option("--edition <edition>", "the edition to show").choices(editions).default(defaultEdition),
    )
    .option("--json", "answers in JSON")
    .addHelpText("after", certaintyHelp)
    .action((name: RuleName | undefined, options: { edition: Edition; json?: true }) => {
      const rules = rulebookFor(options.edition);
      if (options.json === true) {
        const shown = name === undefined ? { rules } : { rule: { name, ...rules[name] } };
        write(json({ edition: options.edition, ...shown }));
      } else if (name === undefined) write(rulebookTable(rules));
      else write(ruleText(name, rules[name], options.edition));
    });
}

function diffCommand(write: Write): Command {
  const edition = (name: string) => new Argument(`<${name}>`, "an edition").choices(editions);
  return new Command("diff")
    .description("shows the rules in which two editions differ")
    .addArgument(edition("a"))
    .addArgument(edition("b"))
    .option("--json", "answers in JSON")
    .addHelpText("after", "\nExample:\n  smki rulebook diff response draft")
    .action((a: Edition, b: Edition, options: { json?: true }) => {
      const found = differences(a, b);
      if (options.json !== true) return void write(differencesTable(a, b, found));
      const named = found.map(({ name, a: left, b: right }) => ({ name, [a]: left, [b]: right }));
      write(json({ a, b, differences: named }));
    });
}

const certaintyHelp = `
Editions:
  response   what a supplier's response to the consultation on Stage 3 of the SEC asks for
  draft      the text that was consulted on
  enacted    what the Code became, where known

Certainty:
  read       in a public source
  decoded    out of real certificates
  recalled-  with that confidence; the text is not at hand
  chosen     not published; the least surprising value, with the reason as its source`;

function ruleName(text: string): RuleName {
  if (isRuleName(text)) return text;
  throw new InvalidArgumentError(`There is no rule of that name; "smki rulebook show" lists them.`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
