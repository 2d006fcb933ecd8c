import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import {
  decodeCertificateFile,
  normaliseSerialNumber,
  type SerialNumber,
  serialNumberFromOctets,
} from "../../certificates/index.ts";
import { readExactText, readInputOctets } from "../../cli/input-file.ts";
import { createOutput } from "../../cli/output.ts";
import { writeOutputFile } from "../../cli/output-file.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { rootInCopy } from "../../ledger/copy/root-in-copy.ts";
import { formatVerifierKey } from "../../ledger/note.ts";
import { checkReceipt, type ReceiptReport } from "../../ledger/receipt/check-receipt.ts";
import { makeReceipt } from "../../ledger/receipt/make-receipt.ts";
import { parseReceipt } from "../../ledger/receipt/receipt.ts";
import { retrieveCertificate } from "../../repository/repository.ts";
import type { Estate } from "../estate/estate.ts";
import { readVerifierKey } from "../estate/ledger-key.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";

/** The verb `smki receipt`: a file by which anyone can check, years later, that a certificate was recorded. */
export function receiptCommand(): Command {
  return new Command("receipt")
    .description("makes the receipt of a certificate, or checks one: that its issuing stands in the ledger")
    .addHelpText("after", help)
    .addCommand(makeCommand(), { isDefault: true })
    .addCommand(checkCommand());
}

const help = `
Examples:
  smki receipt 10a3c2f4e5b60718293a4b5c6d7e8f90 --out meter.receipt
  smki receipt meter.pem --out meter.receipt
  smki receipt check meter.receipt --key ledger-verifier-key.txt`;

/** The sequencer takes a second, and witnesses somewhat longer. */
const patience = 15_000;
const pause = 250;

interface MakeOptions extends EstateOptions {
  readonly out?: string;
}

function makeCommand(): Command {
  return withEstateOptions(new Command("make"))
    .description("makes a receipt (`smki receipt CERTIFICATE` is the same)")
    .argument("<certificate>", "its serial number, or a file that holds it, PEM or DER")
    .option("--out <file>", "where to write it (default: standard output)")
    .addHelpText("after", help)
    .action((certificate: string, options: MakeOptions) =>
      withEstate(options, async (estate, output) => {
        const receipt = await receiptOf(estate, wantedCertificate(certificate));
        if (options.out !== undefined) writeOutputFile(options.out, receipt);
        output.answer(
          { receipt, ...(options.out === undefined ? {} : { file: options.out }) },
          options.out === undefined ? receipt.trimEnd() : `Receipt written: ${options.out}`,
        );
      }),
    );
}

interface WantedCertificate {
  readonly serialNumber: SerialNumber;
  /** Where it was given in a file: it must be the one that is held. */
  readonly der?: Buffer;
}

/** The certificate in a file of that name, if there is one; else the serial number as it was typed. */
function wantedCertificate(text: string): WantedCertificate {
  if (!existsSync(text)) return { serialNumber: normaliseSerialNumber(text) };
  const [certificate] = decodeCertificateFile(readInputOctets(text));
  const { serialNumber = Buffer.alloc(0), der = Buffer.alloc(0) } = certificate ?? {};
  return { serialNumber: serialNumberFromOctets(serialNumber), der };
}

/** Makes it, and waits while the act has no leaf yet. @throws SmkiError LEDGER_ACT_UNSEQUENCED after 15 seconds */
async function receiptOf(estate: Estate, { serialNumber, der }: WantedCertificate): Promise<string> {
  const { database, clock, paths, settings } = estate;
  const terms = { verifierKey: formatVerifierKey(readVerifierKey(paths)), quorum: settings.ledger.quorum };
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await database.read(
        async (tx) => {
          const held = await retrieveCertificate(tx, serialNumber, clock());
          if (der !== undefined && !held.certificate.equals(der))
            throw new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber, reason: "another has this number" });
          return makeReceipt(tx, held, terms);
        },
        { snapshot: true },
      );
    } catch (error) {
      if (!isSmkiError(error, "LEDGER_ACT_UNSEQUENCED") || performance.now() > end) throw error;
    }
    await sleep(pause);
  }
}

interface CheckOptions {
  readonly key?: string;
  readonly witnessKey?: readonly string[];
  readonly against?: readonly string[];
  readonly copy?: string;
  readonly json?: boolean;
}

function checkCommand(): Command {
  return new Command("check")
    .description("checks a receipt off line, and tells each check with its source; exits 1 unless all hold")
    .argument("<receipt>", "its file")
    .option("--key <file>", "the ledger's verifier key, from where the operator publishes it")
    .option("--witness-key <file...>", "verifier keys of witnesses that must have cosigned the checkpoint")
    .option("--against <file...>", "signed checkpoints that were kept elsewhere")
    .option("--copy <folder>", "a copy of the ledger, against which the receipt's checkpoint is checked")
    .option("--json", "answers in JSON")
    .addHelpText("after", help)
    .action(async (file: string, options: CheckOptions) => {
      const text = readExactText(file);
      const verifierKey = options.key === undefined ? undefined : readExactText(options.key);
      const { copy } = options;
      const keyForCopy = verifierKey ?? parseReceipt(text).verifierKey;
      const report = await checkReceipt(text, {
        ...(verifierKey === undefined ? {} : { verifierKey }),
        witnessKeys: (options.witnessKey ?? []).map(readExactText),
        knownCheckpoints: (options.against ?? []).map(readExactText),
        ...(copy === undefined ? {} : { rootInCopy: (size) => rootInCopy(copy, keyForCopy, size) }),
      });
      createOutput(options.json).answer(report, formatReport(report));
      if (!report.holds) process.exitCode = 1;
    });
}

const marks = { holds: "✓", fails: "✗", open: "?" } as const;

function formatReport({ holds, checks }: ReceiptReport): string {
  const lines = checks.map(({ outcome, what, source }) => `  ${marks[outcome]} ${what} [${source}]`);
  const isOpen = checks.every(({ outcome }) => outcome !== "fails");
  const undecided =
    "The receipt is NOT shown to hold: what is marked ? cannot be decided with what was given.";
  const headline = holds ? "The receipt holds." : isOpen ? undecided : "The receipt does NOT hold.";
  return [headline, ...lines].join("\n");
}
