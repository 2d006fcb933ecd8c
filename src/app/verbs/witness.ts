import { Command } from "commander";
import { collect, wholeNumber } from "../../cli/arguments.ts";
import { readExactText } from "../../cli/input-file.ts";
import { createOutput } from "../../cli/output.ts";
import { listenForStop, whenStopped } from "../processes/stopping.ts";
import { startWitness } from "../processes/witness.ts";

interface WitnessOptions {
  readonly log: readonly string[];
  readonly data: string;
  readonly name?: string;
  readonly passphraseFile?: string;
  readonly host: string;
  readonly port: number;
  readonly json?: boolean;
}

/** The verb `smki witness`: a witness of ledgers, others' too; it needs no estate. */
export function witnessCommand(): Command {
  return new Command("witness")
    .description("runs a witness, which cosigns a ledger's checkpoints while each extends the one before")
    .requiredOption("--log <file>", "a ledger's verifier key; may be given several times", collect)
    .option("--data <folder>", "where its key lies and what it cosigned last", "smki-witness")
    .option("--name <name>", "the name of its key, at its first start; usually a URL without https://")
    .option("--passphrase-file <file>", "of its key store, or credential:NAME (default: one in its folder)")
    .option("--host <address>", "the address on which it listens, with plain HTTP", "127.0.0.1")
    .option("--port <number>", "its port; 0 takes any that is free", wholeNumber(0, 65_535), 8084)
    .option("--json", "answers in JSON")
    .addHelpText(
      "after",
      `
Run it where whoever runs the ledger cannot reach, and send them the line that it prints: in the settings of the
ledger it is an entry of ledger.witnesses, followed by a space and the address under which they reach it.`,
    )
    .action(async (options: WitnessOptions) => {
      const stopping = listenForStop();
      const { data: folder, log, ...others } = options;
      const logs = log.map((file) => readExactText(file).trim());
      const witness = await startWitness({ ...others, folder, logs });
      const { url, verifierKey } = witness;
      createOutput(options.json).answer(
        { url, verifierKey },
        `The witness listens on ${url}, its verifier key is\n${verifierKey}\nCtrl-C stops it.`,
      );
      await whenStopped(stopping);
      await witness.stop();
    });
}
