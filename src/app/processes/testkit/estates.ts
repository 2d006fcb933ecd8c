import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../../settings/load.ts";
import { type EnrolledParty, enrol } from "../../demo/enrol.ts";
import { type SampleParty, sampleManufacturer, sampleSupplier } from "../../demo/sample-parties.ts";
import { type Estate, openEstate } from "../../estate/estate.ts";
import { settingsFileOf } from "../../verbs/estate-options.ts";
import { once } from "./once.ts";
import { type Running, type RunOptions, smki, startSmki, temporaryFolder, until } from "./smki.ts";

/** What `smki up --json` answers. */
export interface UpAnswer {
  readonly url: string;
  readonly repositoryUrl?: string;
  readonly metricsUrl?: string;
  readonly workerMetricsUrls: readonly string[];
  readonly sftp?: { readonly port: number; readonly fingerprint: string };
  readonly logFile: string;
  readonly environment: string;
}

/** A service that is up. */
export interface UpService extends Running {
  readonly data: string;
  readonly answer: UpAnswer;
}

/** Holds the founding ceremony in a folder. */
export async function found(data: string, options?: RunOptions): Promise<void> {
  const witnesses = ["--witness", "Wanda Witness", "--witness", "Walter Witness"];
  const { status, stderr } = await smki(["ceremony", "--data", data, "--json", ...witnesses], options);
  if (status !== 0) throw new Error(`the ceremony failed: ${stderr}`);
}

/**
 * A founded estate in a folder of its own; it is not running. The ceremony is held once in a test run, by the
 * first file that asks; the others copy what it made.
 */
export async function foundedEstate(): Promise<string> {
  return copyEstate(await once("founded-estate", found));
}

/** Copies an estate that is not running, owners and modes as they are. */
export function copyEstate(from: string, to = join(temporaryFolder(), "data")): string {
  const { status, stderr } = spawnSync("cp", ["-a", from, to], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return to;
}

/** Starts the service and waits until it is up. */
export async function up(data: string, options?: RunOptions): Promise<UpService> {
  const running = startSmki(["up", "--data", data, "--json"], options);
  const answer = await until(() => {
    const text = running.stdout();
    return text.endsWith("}\n") ? (JSON.parse(text) as UpAnswer) : undefined;
  }, 60_000).catch((cause: unknown) => {
    throw new Error(`smki up did not answer: ${running.stderr()}`, { cause });
  });
  return { ...running, data, answer };
}

/** Starts the service where it must not start. @returns what it told the user */
export async function refusalOfUp(data: string, options?: RunOptions) {
  const { status, stdout, stderr } = await smki(["up", "--data", data, "--json"], options);
  const { error } = JSON.parse(stdout) as {
    error: { code: string; message: string; remedy: string; details: Readonly<Record<string, string>> };
  };
  return { status, stderr, ...error };
}

/** Opens the estate of a running service, as a verb does. */
export function joinEstate(data: string): Promise<Estate> {
  const settings = loadSettings({
    file: settingsFileOf({ data }),
    env: { SMKI_ENVIRONMENT: "test" },
    overrides: { dataFolder: data },
  });
  return openEstate(settings, { applicationName: "test", server: "join" });
}

/** Enrols sample Parties at a running service; their officers' credentials lie in the data folder. */
export async function enrolParties(
  { data, answer }: UpService,
  parties: readonly SampleParty[] = [sampleManufacturer, sampleSupplier],
): Promise<EnrolledParty[]> {
  const estate = await joinEstate(data);
  try {
    const enrolled: EnrolledParty[] = [];
    for (const party of parties) enrolled.push(await enrol(estate, answer.url, party));
    for (const { clients, batchClient } of enrolled)
      for (const client of [...clients.values(), batchClient]) client?.close();
    return enrolled;
  } finally {
    await estate.close();
  }
}

/** Key and certificate of a client, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** The credential of a sample Party's officer for one hat. */
export function credentialOf(data: string, signifier: string, hat: "device" | "organisation"): Identity {
  const file = join(data, "demo", "credentials", `${signifier}-${hat}`);
  return { cert: readFileSync(`${file}.pem`, "utf8"), key: readFileSync(`${file}.key`, "utf8") };
}
