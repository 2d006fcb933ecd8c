import { createPublicKey } from "node:crypto";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type Certificate,
  certificateFileOctetLimit,
  decodeCertificateFile,
  formatFindings,
  judgedProfile,
  type LintIssuer,
  type LintOptions,
  type LintOutcome,
  lintCertificate,
  lintIssuer,
  type Oid,
  oid,
} from "../certificates/index.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { defaultEdition, type Edition, editions, lintLimits, rulebookFor } from "../rulebook/index.ts";
import { misusedWithStatus2 } from "./arguments.ts";
import { readBoundedFile } from "./bounded-file.ts";

/** Where the verb writes its answer, and how it says what the process is to exit with. */
export interface LintOutput {
  readonly write: (text: string) => void;
  readonly exitWith: (status: number) => void;
}

const toProcess: LintOutput = {
  write: (text) => void process.stdout.write(text),
  exitWith: (status) => {
    process.exitCode = status;
  },
};

interface Options {
  readonly issuer?: string;
  readonly policy?: Oid;
  readonly edition: Edition;
  readonly json?: true;
}

/**
 * The verb `smki lint FILE...`: holds certificates against the rules of their profiles. Exits 0 without findings, 1
 * with any, 2 when a file cannot be read.
 *
 * @param output - takes the answer; the process's own output and exit status if left out
 */
export function lintCommand(output: LintOutput = toProcess): Command {
  return new Command("lint")
    .exitOverride(misusedWithStatus2)
    .description("holds certificates against the rules of their profiles, each with its source")
    .argument("<file...>", "certificates, PEM or DER; a file may hold several")
    .option("--issuer <file>", "the issuer's certificate or public key: judges the signature too")
    .option("--policy <oid>", "the policy that the certificates are to have", policyOid)
    .addOption(
      new Option("--edition <edition>", "whose figures apply").choices(editions).default(defaultEdition),
    )
    .option("--json", "answers in JSON")
    .addHelpText("after", examples)
    .action((files: string[], options: Options) => {
      const outcomes = lintFiles(files, options);
      output.write(formatFindings(outcomes, options.json === true ? "json" : "text"));
      output.exitWith(exitStatus(outcomes));
    });
}

const examples = `
The profile is taken from the certificate: Root and Issuing OCA, Root and Issuing DCA, Organisation, Device, IKI.
Exits 0 when nothing is found, 1 when anything is, 2 when a file cannot be read or the command is mistyped.

Examples:
  smki lint meter.pem
  smki lint --issuer issuing-dca.pem --policy 1.2.826.0.1.8641679.1.2.1.4 meters/*.pem
  smki lint --json bundle.der`;

function lintFiles(files: readonly string[], options: Options): LintOutcome[] {
  const limits = lintLimits(rulebookFor(options.edition));
  const judged = { limits, ...(options.policy === undefined ? {} : { policy: options.policy }) };
  if (options.issuer === undefined) return files.flatMap((file) => lintFile(file, judged));
  const { issuer: file } = options;
  const issuer = orUnreadable(file, () => readIssuer(file));
  return "error" in issuer ? [issuer] : files.flatMap((each) => lintFile(each, { ...judged, issuer }));
}

function lintFile(file: string, options: LintOptions): LintOutcome[] {
  const certificates = orUnreadable(file, () => decodeCertificateFile(octetsOf(file)));
  if ("error" in certificates) return [certificates];
  return certificates.map((certificate, index) => ({
    file: certificates.length === 1 ? file : `${file} #${String(index + 1)}`,
    profile: judgedProfile(certificate),
    findings: lintCertificate(certificate, options),
  }));
}

/** A certificate, of which the first counts, or a public key as PEM. */
function readIssuer(file: string): LintIssuer {
  const octets = octetsOf(file);
  if (!octets.includes("-----BEGIN PUBLIC KEY-----")) {
    const [certificate] = decodeCertificateFile(octets) as [Certificate, ...Certificate[]];
    return lintIssuer(certificate);
  }
  try {
    return lintIssuer(createPublicKey(octets).export({ type: "spki", format: "der" }));
  } catch (cause) {
    throw isSmkiError(cause) ? cause : new SmkiError("PUBLIC_KEY_IMPORT_FAILED", {}, { cause });
  }
}

const octetsOf = (file: string): Buffer => readBoundedFile(file, certificateFileOctetLimit);

function orUnreadable<T extends object>(
  file: string,
  read: () => T,
): T | Extract<LintOutcome, { error: object }> {
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return { file, error: { code: error.code, message: error.message, remedy: error.remedy } };
  }
}

function exitStatus(outcomes: readonly LintOutcome[]): number {
  if (outcomes.some((outcome) => "error" in outcome)) return 2;
  return outcomes.some((outcome) => "findings" in outcome && outcome.findings.length > 0) ? 1 : 0;
}

function policyOid(text: string): Oid {
  try {
    return oid(text);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    throw new InvalidArgumentError("Give an object identifier such as 1.2.826.0.1.8641679.1.2.1.4.");
  }
}
