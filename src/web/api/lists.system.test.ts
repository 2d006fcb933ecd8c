import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foundedEstate, hours, seconds, type TestEstate } from "../../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../../authorities/ceremony/terms.testkit.ts";
import { listSteps, publishDueList } from "../../authorities/revocation/publish-list.ts";
import { lodgeRevokedFiller } from "../../authorities/testkit/filler.ts";
import type { ListTask } from "../../authorities/testkit/list-task.ts";
import {
  importPublicKey,
  parseCertificate,
  parseCrl,
  readCrlFields,
  readFields,
  verifyCrlSignature,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { createWebServer, type WebServer } from "../server/create-server.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";
import { registerApi } from "./api.ts";

const oca = "issuing-oca";
let estate: TestEstate;
let server: WebServer;
let agent: Agent;
let key: ReturnType<typeof importPublicKey>;
let revoked = 0;
/** How often the octets of a list were read from the database. */
let octetsRead = 0;
/** What they wait for, before they come. */
let octetsWait: Promise<unknown> = Promise.resolve();

const rules = rulebookFor("response");

beforeAll(async () => {
  estate = await foundedEstate();
  const now = estate.clock.read();
  const made = makeServerCertificate(["127.0.0.1"], now);
  server = createWebServer({
    tls: { cert: made.certificate, key: made.key },
    clientAuthorities: [made.authority],
    logger: pino({ level: "silent" }),
    bodyLimit: 1024,
  });
  await registerApi(server, {
    database: {
      ...estate.database,
      read: async (work, options) => {
        const result = await estate.database.read(work, options);
        if (!(result instanceof Object && "list" in result)) return result;
        octetsRead += 1;
        await octetsWait;
        return result;
      },
    },
    clock: estate.clock.read,
    rules,
    terms: {
      maximumBatchSize: rules.maximumBatchSize.value,
      approval: "rule",
      window: undefined,
      pickup: rules.pickupDays,
      polling: rules.batchPolling.value,
    },
    environment: "test",
    edition: "response",
    software: "opensmki test",
    ledgerVerifierKey: "test+00000000+AQ==",
    ledger: { isPublic: true, quorum: 0 },
    patience: 1,
    readClientCertificate: () => {
      throw new SmkiError("CREDENTIAL_REQUIRED");
    },
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  // The clock of the estate is not that of this machine, which the server's certificate is not for.
  agent = new Agent({ rejectUnauthorized: false, keepAlive: true });
  const fields = readFields(parseCertificate((await estate.authority(oca)).certificate));
  key = importPublicKey(fields.publicKey);
  // Several records of TLS, so that a list could arrive in parts.
  await revoke(2_000);
  estate.clock.advance(seconds);
  await publish();
});
afterAll(async () => {
  agent.destroy();
  await server.close();
  await estate.end();
});

async function revoke(count: number): Promise<void> {
  await estate.database.transaction((tx) =>
    lodgeRevokedFiller(tx, oca, revoked + 1, count, estate.clock.read()),
  );
  revoked += count;
}

async function publish() {
  const making = {
    database: estate.database,
    signer: estate.operationalSigner,
    clock: estate.clock.read,
    toleranceSeconds: 5,
  };
  return publishDueList(making, await estate.authority(oca), hierarchyTerms(1).crlOf(oca));
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As any client asks: over TLS, with no credential. Rejects when fewer octets come than were announced. */
function ask(headers: Record<string, string> = {}, authority = oca, method = "GET"): Promise<Answer> {
  return askAt(`/api/v1/revocation-lists?authority=${authority}`, headers, method);
}

async function askAt(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { port } = server.server.address() as AddressInfo;
  const url = `https://127.0.0.1:${String(port)}${path}`;
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, headers, method }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) });
      });
    });
    asking.on("error", reject).end();
  });
}

/** What a list says, when it is whole and its CA signed it. */
function readList(octets: Buffer) {
  const list = parseCrl(octets);
  expect(verifyCrlSignature(list, key)).toBe(true);
  const { number, revoked: entries, nextUpdate } = readCrlFields(list);
  return { number: Number(number), entries: entries.length, nextUpdate };
}

describe("The current list", () => {
  test("is for everyone, says what it is, and may be kept for a minute", async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(readList(body)).toMatchObject({ entries: 2_000 });
    expect(headers).toMatchObject({
      "content-type": "application/pkix-crl",
      "cache-control": "public, max-age=60",
      "last-modified": new Date(Math.floor(estate.clock.read().getTime() / 1_000) * 1_000).toUTCString(),
    });
    expect((await ask({}, "root-oca")).status).toBe(200);
    expect((await ask({}, "issuing-dca/0001")).status).toBe(404);
  });
  test("is not sent again to a client that has it, and is when there is another", async () => {
    const { etag } = (await ask()).headers;
    const had = { "if-none-match": String(etag) };
    expect(await ask(had)).toMatchObject({ status: 304, headers: { etag }, body: Buffer.alloc(0) });
    expect((await ask({ "if-none-match": `"other", W/${String(etag)}` })).status).toBe(304);
    expect((await ask({ "if-none-match": '"other"' })).status).toBe(200);
    await revoke(1);
    estate.clock.advance(seconds);
    await publish();
    expect(readList((await ask(had)).body)).toMatchObject({ entries: 2_001 });
  });
  test("is told of without its octets to whoever asks for its head", async () => {
    const { headers: got, body } = await ask();
    const { status, headers, body: none } = await ask({}, oca, "HEAD");
    expect({ status, none: none.length }).toEqual({ status: 200, none: 0 });
    for (const name of ["content-type", "content-length", "etag", "last-modified", "cache-control"])
      expect(headers[name]).toBe(got[name]);
    expect(headers["content-length"]).toBe(String(body.length));
  });
  test("is read from the database once, however many come for it at the moment when it is new", async () => {
    await revoke(1);
    estate.clock.advance(seconds);
    await publish();
    octetsRead = 0;
    octetsWait = sleep(300);
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask()));
    expect(new Set(answers.map(({ body }) => readList(body).number)).size).toBe(1);
    expect(octetsRead).toBe(1);
  });
  test("may be kept only as long as it is good", async () => {
    const { nextUpdate } = readList((await ask()).body);
    const before = estate.clock.read();
    const keptFor = async (now: Date) => {
      estate.clock.set(now);
      return (await ask()).headers["cache-control"];
    };
    try {
      expect(await keptFor(new Date(nextUpdate.getTime() - 7 * seconds))).toBe("public, max-age=7");
      expect(await keptFor(new Date(nextUpdate.getTime() + hours))).toBe("public, max-age=0");
    } finally {
      estate.clock.set(before);
    }
  });
});

test.each(listSteps)(
  "Whoever reads while the process that makes a list is killed after %s gets whole lists, with numbers that never go back",
  async (step) => {
    const { number: before, entries } = readList((await ask()).body);
    let reading = true;
    const seen: number[][] = [];
    let failure: unknown;
    const read = async (reader: number) => {
      const numbers: number[] = (seen[reader] = []);
      for (let had: string | undefined; reading; ) {
        const { status, headers, body } = await ask(had === undefined ? {} : { "if-none-match": had });
        if (status === 200) numbers.push(readList(body).number);
        else expect(status).toBe(304);
        // One of them keeps what it has; the others fetch the list again and again.
        if (reader === 0) had = String(headers["etag"]);
      }
    };
    const readers = [0, 1, 2].map((reader) =>
      read(reader).catch((error: unknown) => {
        failure = error;
      }),
    );
    try {
      await revoke(1);
      estate.clock.advance(seconds);
      const task: ListTask = {
        connectionString: estate.connectionString,
        store: estate.operationalStore,
        authority: oca,
        now: estate.clock.read().toISOString(),
        killAfter: step,
      };
      const program = join(import.meta.dirname, "../../authorities/testkit/list-process.ts");
      const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: "inherit" });
      expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
      const isPublished = step === "published";
      expect(readList((await ask()).body)).toMatchObject({ number: before + (isPublished ? 1 : 0) });

      // Another process goes on where that one ended.
      const made = await publish();
      expect(made?.number).toBe(isPublished ? undefined : before + 1);
      while (failure === undefined && seen.some((numbers) => numbers.at(-1) !== before + 1)) await ask();
    } finally {
      reading = false;
      await Promise.all(readers);
    }
    expect(failure).toBeUndefined();
    expect(readList((await ask()).body)).toMatchObject({ number: before + 1, entries: entries + 1 });
    for (const numbers of seen) {
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
      expect(new Set(numbers)).toEqual(new Set([before, before + 1]));
    }
  },
);

test("Afterwards the ledger has an act for each of the lists, and for no other", async () => {
  const { findings } = await estate.verify();
  expect(findings.filter(({ what }) => what.startsWith("list "))).toEqual([]);
});

describe("The short address of a list", () => {
  test("gives the same list under the same conditions, with HEAD too", async () => {
    const [plain, short] = [await ask(), await askAt(`/crl/${oca}.crl`)];
    expect(short.body.equals(plain.body)).toBe(true);
    for (const name of ["content-type", "etag", "last-modified", "cache-control", "content-length"])
      expect([name, short.headers[name]]).toEqual([name, plain.headers[name]]);
    expect(short.headers["content-type"]).toBe("application/pkix-crl");
    const kept = await askAt(`/crl/${oca}.crl`, { "if-none-match": String(short.headers["etag"]) });
    expect([kept.status, kept.body.length]).toEqual([304, 0]);
    const head = await askAt(`/crl/${oca}.crl`, {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([
      200,
      String(plain.body.length),
      0,
    ]);
  });
  test("is nobody's for what is no CA with a list", async () => {
    for (const path of [
      `/crl/${oca}`,
      `/crl/${oca}.pem`,
      "/crl/",
      "/crl/.crl",
      "/crl/nobody.crl",
      "/crl/issuing-dca/0001.crl",
      "/crl/..%2f..%2fetc%2fpasswd.crl",
      `/crl/${"a".repeat(500)}.crl`,
    ])
      expect((await askAt(path)).status, path).toBe(404);
  });
});
