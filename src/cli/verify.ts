import { Command, InvalidArgumentError, Option } from "commander";
import { type Oid, oid } from "../certificates/index.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { defaultEdition, type Edition, editions, lintLimits, rulebookFor } from "../rulebook/index.ts";
import { systemClock } from "../time/clock.ts";
import { collect, misusedWithStatus2 } from "./arguments.ts";
import { formatReport, formatUnreadable } from "./verify-format.ts";
import { readInputs } from "./verify-inputs.ts";
import { type VerifyQuestion, type VerifyReport, verifyInputs } from "./verify-report.ts";

/** Where the verb writes its answer, how it says what the process is to exit with, and what time it is. */
export interface VerifySurroundings {
  readonly write: (text: string) => void;
  readonly exitWith: (status: number) => void;
  readonly now: () => Date;
}

const ofProcess: VerifySurroundings = {
  write: (text) => void process.stdout.write(text),
  exitWith: (status) => {
    process.exitCode = status;
  },
  now: systemClock,
};

interface Options {
  readonly root?: readonly string[];
  readonly crl?: readonly string[];
  readonly at?: Date;
  readonly revocation?: "required" | "told";
  readonly policy?: readonly Oid[];
  readonly shape: "smki" | "any";
  readonly edition: Edition;
  readonly brief?: true;
  readonly json?: true;
}

/**
 * The verb `smki verify FILE...`: says whether certificates may be relied on at a given time, with every check that was
 * made and its source. It needs no estate and no network.
 *
 * @param surroundings - those of the process if left out
 */
export function verifyCommand(surroundings: VerifySurroundings = ofProcess): Command {
  return new Command("verify")
    .exitOverride(misusedWithStatus2)
    .description(
      "says whether certificates may be relied on at a given time, check by check, with its source",
    )
    .argument("<file...>", "certificates, CRLs and ARLs: PEM, DER or Base64; a file may hold several")
    .option("--root <file>", "a root that you trust; may be given several times", collect)
    .option("--crl <file>", "CRLs and ARLs; may be given several times", collect)
    .option("--at <time>", "the time to judge for, such as 2026-06-01T12:00:00Z (default: now)", timeOf)
    .addOption(
      new Option("--revocation <mode>", "whether every list must be there and current").choices([
        "required",
        "told",
      ]),
    )
    .option("--policy <oid>", "a Certificate Policy that you accept; may be given several times", policyOf)
    .addOption(
      new Option("--shape <shape>", "what a path must look like: one of the SMKI's, or any of RFC 5280")
        .choices(["smki", "any"])
        .default("smki"),
    )
    .addOption(
      new Option("--edition <edition>", "whose figures the profile's lint takes")
        .choices(editions)
        .default(defaultEdition),
    )
    .option("--brief", "one line a certificate")
    .option("--json", "answers in JSON")
    .addHelpText("after", help)
    .action((files: string[], options: Options) => {
      surroundings.exitWith(verify(files, options, surroundings));
    });
}

const help = `
Verified is each certificate that no other of the files names as its issuer; the others are what paths are built from.
Lists are required as soon as one is given, and only told of where there is none; --revocation says otherwise.

Exits 0 when every certificate holds to a root that you named with --root,
      1 when one does not hold,
      2 when a file cannot be read, or the command is mistyped,
      3 when all hold, but to a root found among the files, which nobody has said may be trusted.

Examples:
  smki verify --root root-oca.pem supplier.pem issuing-oca.pem
  smki verify --root root-oca.pem --crl issuing-oca.crl --crl root-oca.arl supplier.pem issuing-oca.pem
  smki verify --root root-dca.pem --at 2026-06-01T12:00:00Z --brief meters.pem issuing-dca.pem
  smki verify --json bundle.pem`;

function verify(files: readonly string[], options: Options, { write, now }: VerifySurroundings): number {
  const inputs = readInputs(files, options.root ?? [], options.crl ?? []);
  if (isUnreadable(inputs)) {
    write(options.json === true ? json({ error: "unreadable", files: inputs }) : formatUnreadable(inputs));
    return 2;
  }
  const question: VerifyQuestion = {
    at: options.at ?? now(),
    ...(options.revocation === undefined ? {} : { revocation: options.revocation }),
    shape: options.shape,
    policies: options.policy ?? [],
    limits: lintLimits(rulebookFor(options.edition)),
  };
  const report = verifyInputs(inputs, question);
  write(options.json === true ? json(report) : formatReport(report, options.brief));
  return statusOf[report.verdict];
}

const statusOf: Readonly<Record<VerifyReport["verdict"], number>> = {
  trusted: 0,
  fails: 1,
  "untrusted-root": 3,
};

type Inputs = ReturnType<typeof readInputs>;

const isUnreadable = (inputs: Inputs): inputs is Extract<Inputs, readonly unknown[]> => Array.isArray(inputs);

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** ISO 8601 with a zone: a time without one would mean another instant on another machine. */
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(text: string): Date {
  const time = new Date(text);
  const day = text.slice(0, 10);
  // The 30th of February would be taken for the 2nd of March.
  const isDay = new Date(`${day}T00:00:00Z`).getUTCDate() === Number(day.slice(8));
  if (!instant.test(text) || Number.isNaN(time.getTime()) || !isDay)
    throw new InvalidArgumentError("Give a time with its zone, such as 2026-06-01T12:00:00Z.");
  return time;
}

function policyOf(text: string, others: readonly Oid[] = []): readonly Oid[] {
  try {
    return [...others, oid(text)];
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    throw new InvalidArgumentError("Give an object identifier such as 1.2.826.0.1.8641679.1.2.1.4.");
  }
}
