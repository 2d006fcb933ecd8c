import { Command, InvalidArgumentError } from "commander";
import { readBoundedFile } from "../../cli/bounded-file.ts";
import { table } from "../../cli/output.ts";
import { findParty } from "../../registration/registration.ts";
import {
  endUser,
  fileForecast,
  issueApiKey,
  registerSshKey,
  registerUser,
  unlockUser,
} from "../../repository/access/access.ts";
import { usageOf } from "../../repository/access/usage.ts";
import { type ResponseLevel, responseLevels } from "../../repository/response-times.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";
import { partyNames } from "./party-names.ts";
import { documentCommand } from "./repository-documents.ts";

/** The verb `smki repository`: who uses the SMKI Repository without an IKI credential, and how much; its documents. */
export function repositoryCommand(): Command {
  return new Command("repository")
    .description(
      "registers users of the SMKI Repository, issues their API keys, shows what they use; lodges documents",
    )
    .addCommand(addCommand())
    .addCommand(usersCommand())
    .addCommand(keyCommand())
    .addCommand(sshKeyCommand())
    .addCommand(forecastCommand())
    .addCommand(documentCommand())
    .addCommand(
      userCommand(
        "unlock",
        "lets a user in again that wrong credentials locked out",
        unlockUser,
        "is let in",
      ),
    )
    .addCommand(userCommand("end", "ends a user and its credentials, at once", endUser, "is ended"));
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError("A whole number above 0 is expected.");
  return Number(value);
}

function addCommand(): Command {
  return withEstateOptions(new Command("add"))
    .description("registers a user, and issues an API key for the web service")
    .argument("<name>", "what the Party calls the person or system")
    .requiredOption("--party <name>", "its Party, by name or signifier")
    .option("--forecast <requests>", "requests in 24 hours that it forecast", wholeNumber)
    .action((name: string, options: EstateOptions & { party: string; forecast?: number }) =>
      withEstate(options, async ({ database, clock }, output) => {
        const by = operatorAtMachine();
        const { user, apiKey } = await database.transaction(async (tx) => {
          const { id: partyId } = await findParty(tx, options.party);
          const forecast = options.forecast === undefined ? {} : { forecastRequests: options.forecast };
          const registered = await registerUser(tx, by, { partyId, name, ...forecast }, clock());
          return { user: registered, apiKey: await issueApiKey(tx, by, registered, clock()) };
        });
        output.answer(
          { user, apiKey },
          `User ${String(user)} registered: ${name}\nIts API key, which is shown this once: ${apiKey}`,
        );
      }),
    );
}

function usersCommand(): Command {
  return withEstateOptions(new Command("users"))
    .description("shows the users, and what each used today beside its allowance")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const { usage, levels, nameOf } = await database.read(async (tx) => ({
          nameOf: await partyNames(tx),
          usage: await usageOf(tx, rules, clock()),
          levels: await responseLevels(tx, clock()),
        }));
        const rows = usage.map(({ user, webService, fileTransfer, allowance, isAbove }) => [
          String(user.id),
          user.name,
          nameOf(user.partyId),
          String(webService),
          String(fileTransfer),
          allowance === undefined ? "no forecast" : `${String(allowance)}${isAbove ? ", above it" : ""}`,
        ]);
        output.answer(
          usage,
          rows.length === 0
            ? "No users. Register one with `smki repository add`."
            : table(["user", "name", "Party", "web service", "file transfer", "allowance"], rows),
        );
        // Beside the answer, whose form programs know.
        for (const level of levels) output.line(levelInWords(level, rules));
      }),
    );
}

/** How soon an interface of the repository answered (SEC L8.4). */
function levelInWords(level: ResponseLevel, { repositoryDocumentTarget: target }: Rulebook): string {
  const { requests, withinTarget, failed, mean, slowest } = level;
  const share = `${withinTarget.toFixed(2)} % within ${String(target.value)} ${target.unit ?? ""} (${target.clause})`;
  return `${level.interface}: ${String(requests)} answers in 24 hours, ${share}, ${String(failed)} failed, ${mean.toFixed(0)} ms on average, ${String(slowest)} ms the slowest`;
}

function keyCommand(): Command {
  return withEstateOptions(new Command("key"))
    .description("issues another API key; the one before it ends")
    .argument("<user>", "its number", wholeNumber)
    .action((user: number, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        const apiKey = await database.transaction((tx) =>
          issueApiKey(tx, operatorAtMachine(), user, clock()),
        );
        output.answer({ user, apiKey }, `The API key, which is shown this once: ${apiKey}`);
      }),
    );
}

function sshKeyCommand(): Command {
  return withEstateOptions(new Command("ssh-key"))
    .description("takes a user's SSH public key for the file transfer; the one before it ends")
    .argument("<user>", "its number", wholeNumber)
    .argument("<file>", "the public key file, such as id_ed25519.pub")
    .action((user: number, file: string, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        const line = readBoundedFile(file, longestKeyFile).toString();
        await database.transaction((tx) => registerSshKey(tx, operatorAtMachine(), user, line, clock()));
        output.answer({ user }, `User ${String(user)} logs in with that key, by the name ${String(user)}.`);
      }),
    );
}

/** Octets: a public key of RSA with 16,384 bits has under 4,000. */
const longestKeyFile = 64 * 1024;

function forecastCommand(): Command {
  return withEstateOptions(new Command("forecast"))
    .description("records what a user forecast; its allowance follows from it")
    .argument("<user>", "its number", wholeNumber)
    .argument("<requests>", "in 24 hours", wholeNumber)
    .action((user: number, requests: number, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        await database.transaction((tx) => fileForecast(tx, operatorAtMachine(), user, requests, clock()));
        output.answer(
          { user, requests },
          `User ${String(user)} forecast ${String(requests)} requests a day.`,
        );
      }),
    );
}

/** A verb that does one thing to one user. */
function userCommand(name: string, description: string, act: typeof unlockUser, done: string): Command {
  return withEstateOptions(new Command(name))
    .description(description)
    .argument("<user>", "its number", wholeNumber)
    .action((user: number, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        await database.transaction((tx) => act(tx, operatorAtMachine(), user, clock()));
        output.answer({ user }, `User ${String(user)} ${done}.`);
      }),
    );
}
