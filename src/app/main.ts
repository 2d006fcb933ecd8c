#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { clientCommand } from "../cli/client/client.ts";
import { lintCommand } from "../cli/lint.ts";
import { tellError } from "../cli/output.ts";
import { rulebookCommand } from "../cli/rulebook.ts";
import { verifyCommand } from "../cli/verify.ts";
import { software } from "./software.ts";
import { authorityCommand } from "./verbs/authority.ts";
import { backupCommand } from "./verbs/backup.ts";
import { ceremonyCommand } from "./verbs/ceremony/ceremony.ts";
import { certificateCommand } from "./verbs/certificate.ts";
import { configCommand } from "./verbs/config.ts";
import { credentialCommand } from "./verbs/credential.ts";
import { demoCommand } from "./verbs/demo.ts";
import { deviceCommand } from "./verbs/device.ts";
import { extractCommand } from "./verbs/extract.ts";
import { ledgerCommand } from "./verbs/ledger.ts";
import { partyCommand } from "./verbs/party.ts";
import { serveCommand, workCommand } from "./verbs/processes.ts";
import { queueCommand } from "./verbs/queue.ts";
import { receiptCommand } from "./verbs/receipt.ts";
import { repositoryCommand } from "./verbs/repository.ts";
import { restoreCommand } from "./verbs/restore.ts";
import { retentionCommand } from "./verbs/retention.ts";
import { statusCommand } from "./verbs/status.ts";
import { upCommand } from "./verbs/up.ts";
import { witnessCommand } from "./verbs/witness.ts";

/** Every verb, in the order in which a newcomer meets them. */
export function createProgram(): Command {
  return new Command("smki")
    .description("The Smart Metering Key Infrastructure of Great Britain as open software")
    .version(software.version, "-V, --version", "shows the version")
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      "after",
      "\nIn a clone, `./smki test` installs what the tests need and runs them.\nEach verb has its own help: smki VERB --help",
    )
    .showHelpAfterError("(see `smki --help`, or `smki VERB --help`)")
    .addCommand(demoCommand())
    .addCommand(ceremonyCommand())
    .addCommand(upCommand())
    .addCommand(statusCommand())
    .addCommand(authorityCommand())
    .addCommand(partyCommand())
    .addCommand(credentialCommand())
    .addCommand(deviceCommand())
    .addCommand(certificateCommand())
    .addCommand(queueCommand())
    .addCommand(ledgerCommand())
    .addCommand(receiptCommand())
    .addCommand(witnessCommand())
    .addCommand(backupCommand())
    .addCommand(restoreCommand())
    .addCommand(repositoryCommand())
    .addCommand(extractCommand())
    .addCommand(retentionCommand())
    .addCommand(configCommand())
    .addCommand(verifyCommand())
    .addCommand(lintCommand())
    .addCommand(clientCommand())
    .addCommand(rulebookCommand())
    .addCommand(serveCommand())
    .addCommand(workCommand());
}

async function main(): Promise<number> {
  // Whoever read our answer has gone (`| head`): end in order, so that nothing is left behind.
  process.stdout.once("error", () => process.kill(process.pid, "SIGTERM"));
  process.stdout.on("error", () => undefined); // each further line fails too; a second signal would cut us short
  try {
    await createProgram().parseAsync(process.argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const { code, details } = error as { code?: string; details?: unknown };
    if (process.connected) process.send?.({ ready: false, code, details });
    return tellError(error, process.argv.includes("--json"));
  }
}

if (import.meta.main) process.exitCode = await main();
