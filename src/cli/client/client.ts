import { Command, InvalidArgumentError } from "commander";
import { createPathValidator, decodeCertificateFile, printable } from "../../certificates/index.ts";
import { defaultEdition, rulebookFor } from "../../rulebook/index.ts";
import { systemClock } from "../../time/clock.ts";
import { collect, wholeNumber } from "../arguments.ts";
import { readBoundedFile } from "../bounded-file.ts";
import { readInputFile } from "../input-file.ts";
import { createOutput, type Output } from "../output.ts";
import type { PathCheckOf } from "./match-certificate.ts";
import { type CsrReport, countByStatus } from "./outcomes.ts";
import { replaceCertificate } from "./replace.ts";
import { repositoryRetrieval } from "./repository.ts";
import { HttpService, type ServiceCredential } from "./service.ts";
import { type SubmitResult, submitFolder } from "./submit-folder.ts";
import type { Work } from "./work.ts";

interface ServiceOptions {
  readonly url: URL;
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string;
  readonly authority?: readonly string[];
  readonly repository?: URL;
  readonly apiKeyFile?: string;
  readonly json?: true;
}

interface SubmitOptions extends ServiceOptions {
  readonly batchSize: number;
  readonly pollEvery?: number;
  readonly once?: true;
  readonly resend?: readonly number[];
  readonly received?: ReadonlyMap<number, string>;
  readonly retry?: true;
}

const rules = rulebookFor(defaultEdition);

/** The verb `smki client`: the client's side of SEC Appendix M, for any SMKI; it needs no estate. */
export function clientCommand(): Command {
  return new Command("client")
    .description("has Device CSRs certified by the web services of any SMKI (SEC Appendix M)")
    .addCommand(submitCommand())
    .addCommand(replaceCommand());
}

function submitCommand(): Command {
  return withServiceOptions(new Command("submit"))
    .description("sends the CSRs of a folder in batches, and brings their certificates")
    .argument("<folder>", "with the CSRs: NAME.csr or NAME.der")
    .option("--batch-size <number>", "CSRs in a batch at the most", batchSize, rules.maximumBatchSize.value)
    .option(
      "--poll-every <seconds>",
      "how often to ask for results, in an environment for tests (default: as Appendix N asks)",
      wholeNumber(1, 86_400),
    )
    .option("--once", "asks for what may be asked for now and ends, instead of waiting")
    .option("--resend <batch>", "this batch did not arrive; may be given several times", collectNumbers)
    .option("--received <batch=id>", "this batch arrived, under this BatchId; several times", collectReceived)
    .option("--retry", "sends CSRs again that were answered with CA_ERROR")
    .addHelpText("after", submitHelp)
    .action(async (folder: string, options: SubmitOptions) => {
      const output = createOutput(options.json);
      const {
        pollEvery,
        once = false,
        resend = [],
        received = new Map(),
        retry = false,
        batchSize: size,
      } = options;
      const result = await submitFolder({
        ...surroundings(options),
        folder,
        url: options.url.href,
        batchSize: size,
        polling: { every: pollEvery === undefined ? undefined : pollEvery * 1000, once },
        resend,
        received,
        retry,
        rules,
        clock: systemClock,
        output,
      });
      process.exitCode = tellSubmission(result, output);
    });
}

const submitHelp = `
Run it again after whatever stopped it: its journal in FOLDER/.smki-client knows how far it came. NAME.crt beside each CSR
is its certificate, once its key, Device ID and usage were found to be the CSR's; smki-client-report.tsv says what became
of each.

Exits 0 when every CSR has its certificate, 3 when some wait still (--once), 1 otherwise.

Example:
  smki client submit csrs --url https://smki.example:443 --certificate iki.pem --key iki.key --ca server-ca.pem`;

function replaceCommand(): Command {
  return withServiceOptions(new Command("replace"))
    .description("sends one CSR to the ad hoc service, which replaces a certificate of a Device")
    .argument("<csr>", "the file: NAME.csr or NAME.der")
    .option("--path <path>", "of the ad hoc service at that address", "/1.0/DeviceCSR/SubmitCSR")
    .action(async (file: string, options: ServiceOptions & { readonly path: string }) => {
      const output = createOutput(options.json);
      const report = await replaceCertificate({ ...surroundings(options), file, path: options.path });
      output.answer(report, inWords(report));
      process.exitCode = report.status === "issued" ? 0 : 1;
    });
}

function withServiceOptions(command: Command): Command {
  return command
    .requiredOption("--url <url>", "the address of the web services, https://", serviceUrl)
    .requiredOption("--certificate <file>", "the IKI Certificate of your system for this service, PEM")
    .requiredOption("--key <file>", "its key, PEM")
    .option(
      "--ca <file>",
      "the CAs of the server's certificate, PEM (default: those that this machine trusts)",
    )
    .option(
      "--authority <file>",
      "DCA certificates: root and issuing; several times. Judges signatures too",
      collect,
    )
    .option(
      "--repository <url>",
      "address of the SMKI Repository's web service, for certificates whose answer was lost",
      repositoryUrl,
    )
    .option("--api-key-file <file>", "with the API key for it")
    .option("--json", "answers in JSON");
}

interface Surroundings {
  readonly service: HttpService;
  readonly retrieve: Work["retrieve"];
  readonly judge: PathCheckOf | undefined;
}

function surroundings(options: ServiceOptions): Surroundings {
  const ca = options.ca === undefined ? {} : { ca: readInputFile(options.ca) };
  const credential: ServiceCredential = {
    cert: readInputFile(options.certificate),
    key: readInputFile(options.key),
    ...ca,
  };
  const { repository, apiKeyFile, authority } = options;
  const apiKey = apiKeyFile === undefined ? undefined : readInputFile(apiKeyFile).trim();
  return {
    service: new HttpService(options.url, credential),
    retrieve:
      repository === undefined ? undefined : repositoryRetrieval(new HttpService(repository, ca), apiKey),
    judge: authority === undefined ? undefined : judgeBy(authority),
  };
}

/** Judges by the authorities that the person gave; the lists of the SMKI have no Device Certificates. */
function judgeBy(files: readonly string[]): PathCheckOf {
  const pool = files.flatMap((file) => decodeCertificateFile(readBoundedFile(file, 1024 * 1024)));
  const roots = pool.filter(({ issuer, subject }) => issuer.der.equals(subject.der));
  return createPathValidator({ roots, pool, at: systemClock(), revocation: "ignored" });
}

function tellSubmission(result: SubmitResult, output: Output): number {
  const { reports, unknown, reportFile, next, unanswered } = result;
  const counts = countByStatus(reports);
  const failed = reports.filter(({ status }) => status !== "issued" && status !== "waiting");
  const lines = failed.slice(0, 20).map((report) => `  ${inWords(report)}`);
  output.answer(
    {
      counts,
      unknown,
      report: reportFile,
      next: next?.toISOString() ?? null,
      unanswered: unanswered === undefined ? null : unanswered.details,
      csrs: reports,
    },
    [
      Object.entries(counts)
        .map(([status, count]) => `${String(count)} ${status}`)
        .join(", "),
      ...lines,
      ...(failed.length > lines.length ? [`  and ${String(failed.length - lines.length)} more`] : []),
      `The whole of it: ${printable(reportFile)}`,
      ...(next === undefined ? [] : [`Run it again after ${next.toISOString()}.`]),
    ].join("\n"),
  );
  if (unanswered !== undefined) output.warn(`${printable(unanswered.message)}\n    ${unanswered.remedy}`);
  if (failed.length > 0 || unknown.length > 0) return 1;
  return counts.waiting === undefined ? 0 : 3;
}

/** One line. Texts of a service may be anything. */
function inWords({
  file,
  status,
  serialNumber = "",
  reason = "",
  errorCode = "",
  text = "",
}: CsrReport): string {
  return printable(
    [file, status, serialNumber, reason, errorCode, text].filter((part) => part !== "").join("  "),
  );
}

function batchSize(text: string): number {
  return wholeNumber(1, rules.maximumBatchSize.value)(text);
}

function collectNumbers(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, wholeNumber(1, Number.MAX_SAFE_INTEGER)(text)];
}

function collectReceived(
  text: string,
  before: ReadonlyMap<number, string> = new Map(),
): ReadonlyMap<number, string> {
  const [, batch, batchId] = /^([1-9]\d{0,14})=([1-9]\d{0,39})$/.exec(text) ?? [];
  if (batch === undefined || batchId === undefined)
    throw new InvalidArgumentError("NUMBER=BATCHID is needed, such as 2=4711.");
  return new Map([...before, [Number(batch), batchId]]);
}

const serviceUrl = (text: string): URL => urlOf(text, ["https:"]);
const repositoryUrl = (text: string): URL => urlOf(text, ["https:", "http:"]);

function urlOf(text: string, protocols: readonly string[]): URL {
  if (!URL.canParse(text))
    throw new InvalidArgumentError("An address such as https://smki.example is needed.");
  const url = new URL(text);
  if (!protocols.includes(url.protocol) || url.username !== "" || url.search !== "" || url.hash !== "")
    throw new InvalidArgumentError(`An address of ${protocols.join(" or ")} without a query is needed.`);
  return url;
}
