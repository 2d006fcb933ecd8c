import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeCsrText, encodePem } from "../../certificates/index.ts";
import { clientSteps } from "../../cli/client/steps.ts";
import { serverAuthorityFile } from "./server-certificate.ts";
import { type ApiService, apiService } from "./testkit/api-service.ts";
import { type Identity, joinEstate } from "./testkit/estates.ts";
import { issueDevice, keysOfMeters, meterKeys } from "./testkit/requests.ts";
import { processesOn, smki, temporaryFolder } from "./testkit/smki.ts";
import { systemCredential } from "./testkit/web-services.ts";

const hasProc = existsSync("/proc/self/environ");

let api: ApiService;
let batched: Identity;
beforeAll(async () => {
  api = await apiService();
  batched = await systemCredential(api.service.data, "SMPM", "factory", "batched");
}, 120_000);
afterAll(() => api.end());

/** A folder with the CSRs of some meters, and beside it what a client is given to reach the service. */
function folderOf(csrs: readonly Buffer[], identity: Identity) {
  const folder = join(temporaryFolder(), "csrs");
  mkdirSync(folder);
  for (const [index, csr] of csrs.entries())
    writeFileSync(join(folder, `meter-${String(index)}.csr`), encodeCsrText(csr));
  const ca = readFileSync(serverAuthorityFile(join(api.service.data, "tls")));
  for (const [name, content] of [
    ["pem", identity.cert],
    ["key", identity.key],
    ["ca", ca],
  ] as const)
    writeFileSync(`${folder}.${name}`, content);
  const { url, repositoryUrl = "" } = api.service.answer;
  const client = (verb: string, what: string, ...more: string[]) =>
    smki([
      ...["client", verb, what, "--url", url, "--json", "--repository", repositoryUrl],
      ...["--certificate", `${folder}.pem`, "--key", `${folder}.key`, "--ca", `${folder}.ca`, ...more],
    ]);
  return { folder, client, url: new URL(url).href };
}

const certificatesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".crt"))
    .map((name) => new X509Certificate(readFileSync(join(folder, name))));

/** Whether each CSR has the one certificate that was issued for its key, and no key another. */
async function certifiedOnce(folder: string, csrs: readonly Buffer[]): Promise<boolean> {
  const certificates = certificatesIn(folder);
  const points = certificates.map(({ publicKey }) =>
    publicKey.export({ format: "der", type: "spki" }).subarray(-65),
  );
  if (!csrs.every((csr) => points.filter((point) => csr.includes(point)).length === 1)) return false;
  const estate = await joinEstate(api.service.data);
  try {
    const serials = certificates.map(({ serialNumber }) =>
      Buffer.from(serialNumber.padStart(32, "0"), "hex"),
    );
    const { rows } = await estate.database.read((tx) =>
      sql`select from certificate where serial_number = any (${serials}::bytea[])`.execute(tx),
    );
    return rows.length === csrs.length;
  } finally {
    await estate.close();
  }
}

const answerOf = ({ stdout }: { readonly stdout: string }) =>
  JSON.parse(stdout) as {
    counts: Readonly<Record<string, number>>;
    unanswered: { readonly batch: number } | null;
    error?: { readonly code: string };
  };

/** Keeps the workers from working. @returns what lets them go on */
function pauseWorkers(): () => void {
  const workers = processesOn(api.service.data).filter(({ role }) => role === "work");
  for (const { pid } of workers) process.kill(pid, "SIGSTOP");
  return () => {
    for (const { pid } of workers) process.kill(pid, "SIGCONT");
  };
}

describe.skipIf(!hasProc)("smki client, against the services [needs /proc]", () => {
  test("brings the certificates of a folder", async () => {
    const csrs = keysOfMeters(500, 3).map(({ csr }) => csr);
    const { folder, client } = folderOf(csrs, batched);
    const run = await client("submit", folder, "--poll-every", "1", "--batch-size", "4");
    expect(run.stderr).toBe("");
    expect([run.status, answerOf(run).counts]).toEqual([0, { issued: 6 }]);
    expect(await certifiedOnce(folder, csrs)).toBe(true);
  });

  test("takes a certificate only from the authorities that it is given", async () => {
    const { authorities } = (await api.client().get("/api/v1/authorities")).json() as {
      authorities: { profile: string; certificate: string }[];
    };
    const csrs = keysOfMeters(505, 1).map(({ csr }) => csr);
    const { folder, client } = folderOf(csrs, batched);
    const bundle = (of: string) => {
      const file = `${folder}.${of}`;
      const chosen = authorities.filter(({ profile }) => profile.endsWith(of));
      writeFileSync(
        file,
        chosen.map(({ certificate }) => encodePem(Buffer.from(certificate, "base64"))).join(""),
      );
      return ["--poll-every", "1", "--authority", file];
    };
    const wrong = await client("submit", folder, ...bundle("oca"));
    expect([wrong.status, answerOf(wrong).counts]).toEqual([1, { wrong: 2 }]);
    expect(certificatesIn(folder)).toEqual([]);
    const right = await client("submit", folder, ...bundle("dca"));
    expect([right.status, answerOf(right).counts]).toEqual([0, { issued: 2 }]);
  });

  test("asks for nothing before Appendix N lets it, and says so", async () => {
    const { folder, client } = folderOf([meterKeys(510)[0]?.csr ?? Buffer.alloc(0)], batched);
    const run = await client("submit", folder, "--once");
    expect([run.status, answerOf(run).counts]).toEqual([3, { waiting: 1 }]);
    expect(answerOf(run)).toMatchObject({ next: expect.stringMatching(/T(07|08|21|22):00:00/) as string });
  });

  test("replaces one certificate at the ad hoc service, and finds it again when its answer was lost", async () => {
    await issueDevice(api.of("SMPM", "device"), 520);
    const csr = meterKeys(520)[1]?.csr ?? Buffer.alloc(0);
    const adHoc = await systemCredential(api.service.data, "SMPS", "replacements", "ad-hoc");
    const { folder, client } = folderOf([csr], adHoc);
    const file = join(folder, "meter-0.csr");
    const first = await client("replace", file);
    expect([first.stderr, first.status]).toEqual(["", 0]);
    const [issued] = certificatesIn(folder);
    rmSync(join(folder, "meter-0.crt"));
    expect((await client("replace", file)).status).toBe(0);
    expect(certificatesIn(folder)[0]?.serialNumber).toBe(issued?.serialNumber);
  });

  test.each(clientSteps.map((step, index) => [step, index] as const))(
    "killed at the step %s it goes on, and each CSR has exactly one certificate",
    async (step, index) => {
      const csrs = keysOfMeters(600 + 10 * index, 2)
        .map(({ csr }) => csr)
        .slice(0, 3);
      const { folder, client, url } = folderOf(csrs, batched);
      const script = join(import.meta.dirname, "../../cli/client/testkit/killed-client-process.ts");
      // A poll that is not the last one: of a batch that nobody works on yet.
      const resume = step === "polled" ? pauseWorkers() : () => undefined;
      const killed = spawn(process.execPath, [script, folder, url, step], { stdio: "ignore" });
      try {
        expect(await once(killed, "exit")).toEqual([null, "SIGKILL"]);
      } finally {
        resume();
      }
      let run = await client("submit", folder, "--poll-every", "1");
      const { unanswered } = answerOf(run);
      // From the last octets of a batch until its answer is written down, only a person can know.
      expect(unanswered?.batch).toBe(["sending", "sent", "answered"].includes(step) ? 1 : undefined);
      if (unanswered !== null) {
        expect(run.status).toBe(1);
        run = await client("submit", folder, "--poll-every", "1", "--resend", "1");
      }
      expect(run.stderr).toBe("");
      expect([run.status, answerOf(run).counts]).toEqual([0, { issued: 3 }]);
      expect(await certifiedOnce(folder, csrs)).toBe(true);
    },
  );
});
