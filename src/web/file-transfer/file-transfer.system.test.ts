import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import ssh, { type ConnectConfig, type SFTPWrapper } from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type IssuingEstate,
  issuingEstate,
  makeDeviceCsrs,
  operator,
} from "../../issuance/issuance.testkit.ts";
import {
  endUser,
  issueApiKey,
  registerSshKey,
  registerUser,
  unlockUser,
} from "../../repository/access/access.ts";
import { UsageCounter, usageOf } from "../../repository/access/usage.ts";
import { contextOf, judge, sequenceNow, testFolders } from "../../repository/extract/extract.testkit.ts";
import { makeExtracts } from "../../repository/extract/make-extract.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { createWebServer, type WebServer } from "../server/create-server.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";
import { extractRoutes } from "./extract-routes.ts";
import { hostKey } from "./host-key.ts";
import { createFileTransfer, type FileTransfer, type FileTransferOptions } from "./sftp-server.ts";

const run = promisify(execFile);
const folders = testFolders();
const rules = rulebookFor("response");
const host = "127.0.0.1";
const sftpClient = ["/usr/bin/sftp", "/usr/local/bin/sftp"].find((file) => existsSync(file));

let estate: IssuingEstate;
let folder: string;
let keys: string;
let full: string;
let usage: UsageCounter;
let transfer: FileTransfer;
let port: number;
let user: number;
const failures: unknown[] = [];

beforeAll(async () => {
  estate = await issuingEstate();
  folder = folders.make();
  keys = folders.make();
  await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(200));
  await sequenceNow(estate);
  const [made = expect.fail()] = await makeExtracts(contextOf(estate, folder), "full");
  full = made.manifest.name;
  usage = new UsageCounter(estate.database, estate.clock.read, (error) => failures.push(error));
  user = await newUser("a system");
  transfer = await startTransfer();
}, 120_000);
afterAll(async () => {
  await transfer.close();
  await usage.close();
  await estate.end();
  folders.removeAll();
});

/** Starts a file transfer, at `port`. */
async function startTransfer(changes: Partial<FileTransferOptions> = {}): Promise<FileTransfer> {
  const started = createFileTransfer({
    database: estate.database,
    clock: estate.clock.read,
    rules,
    folder,
    hostKey: await hostKey(join(keys, "host-key")),
    usage,
    connections: 10,
    longestSilence: 60_000,
    on: {
      login: () => undefined,
      refusal: () => undefined,
      download: () => undefined,
      failure: (error) => failures.push(error),
    },
    ...changes,
  });
  port = await started.listen(0, host);
  return started;
}

let keyPairs = 0;
/** A key pair in OpenSSH's form. */
function newKeyPair(): { file: string; line: string; text: string } {
  keyPairs += 1;
  const file = join(keys, `user-${String(keyPairs)}`);
  let pair = ssh.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  while (ssh.utils.parseKey(pair.private) instanceof Error)
    pair = ssh.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  writeFileSync(file, pair.private, { mode: 0o600 });
  return { file, line: pair.public, text: pair.private };
}

/** Registers a user with the key pair `user-N` of its turn. */
async function newUser(name: string, pair = newKeyPair()): Promise<number> {
  return estate.database.transaction(async (tx) => {
    const registration = { partyId: estate.parties.supplier, name };
    const id = await registerUser(tx, operator, registration, estate.clock.read());
    await registerSshKey(tx, operator, id, pair.line, estate.clock.read());
    return id;
  });
}
const keyText = (number: number) => readFileSync(join(keys, `user-${String(number)}`), "utf8");

/** Logs in with ssh2's own client. */
function login(
  username: string,
  config: Partial<ConnectConfig> = {},
): Promise<{ sftp: SFTPWrapper; client: ssh.Client }> {
  const client = new ssh.Client();
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.on("close", () => {
      reject(new Error("closed"));
    });
    client.on("ready", () => {
      client.sftp((error, sftp) => {
        if (error === undefined) resolve({ sftp, client });
        else reject(error);
      });
    });
    client.connect({ host, port, username, privateKey: keyText(1), ...config });
  });
}

/** Calls a method of an SFTP client. @returns its result; the code of its failure, as a number */
function ask(sftp: SFTPWrapper, method: string, ...words: unknown[]): Promise<unknown> {
  return new Promise((resolve) => {
    const call = (sftp as unknown as Record<string, (...all: unknown[]) => void>)[method];
    call?.call(sftp, ...words, (error: { code: number } | undefined, result: unknown) => {
      resolve(error?.code ?? result);
    });
  });
}

describe.skipIf(sftpClient === undefined)("OpenSSH's client [needs sftp]", () => {
  const batch = async (commands: string, name = String(user), more: readonly string[] = []) => {
    const file = join(keys, "batch");
    writeFileSync(file, commands);
    const { fingerprint } = await hostKey(join(keys, "host-key"));
    const known = join(keys, "known-hosts");
    const scanned = ssh.utils.parseKey(readFileSync(join(keys, "host-key")));
    if (scanned instanceof Error || Array.isArray(scanned)) throw new Error(fingerprint);
    const blob = scanned.getPublicSSH().toString("base64");
    writeFileSync(known, `[${host}]:${String(port)} ssh-ed25519 ${blob}\n`);
    const options = [
      ["-b", file],
      ["-P", String(port)],
      ["-i", join(keys, "user-1")],
      ["-F", "none"],
      ["-o", `UserKnownHostsFile=${known}`],
      ["-o", "StrictHostKeyChecking=yes"],
      ["-o", "IdentitiesOnly=yes"],
      more,
    ].flat();
    return run(sftpClient ?? "", [...options, `${name}@${host}`]);
  };

  test("lists, downloads and goes on with a download; what comes verifies", async () => {
    const place = folders.make();
    const { stdout } = await batch(`ls -1\nlcd ${place}\nget -r ${full}\n`);
    expect(stdout).toContain(full);
    expect(await judge(estate, folders.make(), [join(place, full)])).toMatchObject({ holds: true });
    // Keys are exchanged again each 16 KB.
    const again = folders.make();
    await batch(`lcd ${again}\nget -r ${full}\n`, String(user), ["-o", "RekeyLimit=16K"]);
    expect(await judge(estate, folders.make(), [join(again, full)])).toMatchObject({ holds: true });
    // A download that broke, gone on with.
    const file = "certificates-0001.csv.zst";
    const part = join(place, file);
    writeFileSync(part, readFileSync(join(folder, full, file)).subarray(0, 1_000));
    await batch(`lcd ${place}\nreget ${full}/${file}\n`);
    expect(readFileSync(part)).toEqual(readFileSync(join(folder, full, file)));
    expect(statSync(part).size).toBeGreaterThan(10_000);
  });

  test("is told the fingerprint that ssh-keygen gives", async () => {
    const { fingerprint } = await hostKey(join(keys, "host-key"));
    const told = execFileSync("ssh-keygen", ["-l", "-f", join(keys, "host-key")], { encoding: "utf8" });
    expect(told).toContain(fingerprint);
  });

  test.each([
    "put /etc/hostname x",
    "mkdir x",
    "rm manifest.json",
    "rename a b",
    "chmod 777 .",
    "symlink /etc x",
    "get /etc/passwd",
    "get ../../../etc/passwd",
    "cd making",
  ])("is refused %s", async (command) => {
    await expect(batch(`${command}\n`)).rejects.toMatchObject({ code: 1 });
  });
});

describe("The file transfer", () => {
  test("shows published files only, whatever lies beside them, and follows no link", async () => {
    writeFileSync(join(folder, "secret"), "x");
    symlinkSync("/etc", join(folder, "delta-2026-01-01-000000000001"));
    const { sftp, client } = await login(String(user));
    const names = (await ask(sftp, "readdir", "/")) as { filename: string }[];
    expect(names.map(({ filename }) => filename)).toEqual([full]);
    const notThere = 2;
    for (const path of [
      "/secret",
      "/delta-2026-01-01-000000000001",
      `/${full}/../secret`,
      "/a\0",
      `/${full}/x`,
    ])
      expect(await ask(sftp, "stat", path)).toBe(notThere);
    expect(await ask(sftp, "realpath", `../${full}/../..`)).toBe("/");
    expect(await ask(sftp, "open", `/${full}/manifest.json`, "w")).toBe(3);
    client.end();
  });

  test("keeps no more open than it must, and gives a part as far as the file goes", async () => {
    const { sftp, client } = await login(String(user));
    const path = `/${full}/certificates-0001.csv.zst`;
    const handles: unknown[] = [];
    for (let count = 0; count < 20; count += 1) handles.push(await ask(sftp, "open", path, "r"));
    expect(handles.filter((one) => Buffer.isBuffer(one))).toHaveLength(16);
    expect(handles.slice(16)).toEqual([4, 4, 4, 4]);
    const { size } = statSync(join(folder, full, "certificates-0001.csv.zst"));
    const octets = Buffer.alloc(100);
    expect(await ask(sftp, "read", handles[0], octets, 0, 100, size - 10)).toBe(10);
    expect(octets.subarray(0, 10)).toEqual(
      readFileSync(join(folder, full, "certificates-0001.csv.zst")).subarray(-10),
    );
    expect(await ask(sftp, "close", handles[0])).toBeUndefined();
    expect(await ask(sftp, "read", handles[0], octets, 0, 100, 0)).toBe(4);
    client.end();
  });

  test("takes public keys only, and no other user's", async () => {
    const other = await newUser("another");
    await expect(login(String(other))).rejects.toThrow();
    const { client } = await login(String(other), { privateKey: keyText(keyPairs) });
    client.end();
    for (const name of ["0", "root", "999999", ""]) await expect(login(name)).rejects.toThrow();
    const { privateKey: _, ...rest } = { privateKey: "" };
    await expect(
      login(String(user), { ...rest, privateKey: undefined as never, password: "x" }),
    ).rejects.toThrow();
  });

  test("locks a user out after five connections with wrong keys; another key beside the right one counts for nothing", async () => {
    const locked = await newUser("to be locked");
    const right = keyText(keyPairs);
    for (let attempt = 0; attempt < 4; attempt += 1) await expect(login(String(locked))).rejects.toThrow();
    await waitForWrong(locked, 4);
    const { client } = await login(String(locked), { privateKey: right });
    client.end();
    await expect(login(String(locked))).rejects.toThrow();
    await waitForWrong(locked, 5);
    await expect(login(String(locked), { privateKey: right })).rejects.toThrow();
    await estate.database.transaction((tx) => unlockUser(tx, operator, locked, estate.clock.read()));
    estate.clock.advance(1_000);
    (await login(String(locked), { privateKey: right })).client.end();
  });

  test("ends the connection of a user that was ended", async () => {
    const quick = await startTransfer({ askAgainEvery: 20 });
    const ended = await newUser("to be ended");
    const { client } = await login(String(ended), { privateKey: keyText(keyPairs) });
    const closed = new Promise((resolve) =>
      client.on("close", () => {
        resolve(undefined);
      }),
    );
    await estate.database.transaction((tx) => endUser(tx, operator, ended, estate.clock.read()));
    await closed;
    await quick.close();
  });

  test("ends silent connections, and keeps no more than so many", async () => {
    const small = await startTransfer({ longestSilence: 1_000, connections: 2 });
    const { client } = await login(String(user));
    await new Promise((resolve) =>
      client.on("close", () => {
        resolve(undefined);
      }),
    );
    const sockets = [1, 2].map(() => connectSocket(port, host).on("error", () => undefined));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("data", resolve))));
    await expect(login(String(user))).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await small.close();
  });

  test("opens no other channel, and no more of them than it must; nonsense on one ends that connection only", async () => {
    const own = await startTransfer();
    const refused = async (open: (client: ssh.Client, done: (error?: Error) => void) => void) => {
      const { client } = await login(String(user));
      const error = await new Promise((resolve) => {
        open(client, resolve);
      });
      client.end();
      return error;
    };
    expect(await refused((client, done) => client.exec("id", done))).toBeInstanceOf(Error);
    expect(await refused((client, done) => client.shell(done))).toBeInstanceOf(Error);
    expect(await refused((client, done) => client.subsys("netconf", done))).toBeInstanceOf(Error);
    expect(await refused((client, done) => client.forwardOut(host, 1, host, 22, done))).toBeInstanceOf(Error);
    expect(await refused((client, done) => client.forwardIn(host, 0, done))).toBeInstanceOf(Error);

    const { client } = await login(String(user));
    const outcomes: unknown[] = [];
    for (let count = 0; count < 120; count += 1)
      outcomes.push(
        await new Promise((resolve) => {
          if (count < 10) client.sftp(resolve);
          else client.exec("id", resolve);
        }),
      );
    // One was open already.
    expect(outcomes.slice(0, 10).filter((one) => one === undefined)).toHaveLength(3);
    expect(outcomes.slice(0, 10).filter((one) => one instanceof Error)).toHaveLength(7);
    expect(String(outcomes.at(-1))).toMatch(/open failure/i);
    const closed = new Promise((resolve) => {
      client
        .on("error", () => undefined)
        .on("close", () => {
          resolve(undefined);
        });
    });
    const raw = client as unknown as { _protocol: { channelData(to: number, data: Buffer): void } };
    raw._protocol.channelData(0xff_ff_ff_ff, Buffer.from("x"));
    await closed;
    (await login(String(user))).client.end();
    await own.close();
  });

  test("ends a connection that asks far ahead of what it takes", async () => {
    const own = await startTransfer();
    const { sftp, client } = await login(String(user));
    const closed = new Promise((resolve) => {
      client
        .on("error", () => undefined)
        .on("close", () => {
          resolve(undefined);
        });
    });
    const handle = await ask(sftp, "open", `/${full}/certificates-0001.csv.zst`, "r");
    for (let count = 0; count < 5_000; count += 1)
      void ask(sftp, "read", handle, Buffer.alloc(100), 0, 100, count);
    await closed;
    await own.close();
  });

  test("keeps users in while strangers of one address only connect", async () => {
    const small = await startTransfer({ connections: 16 });
    const strangers = Array.from({ length: 8 }, () => connectSocket(port, host).on("error", () => undefined));
    const ended = await Promise.all(
      strangers.map(
        (socket) =>
          new Promise((resolve) => {
            socket.once("data", () => {
              resolve(false);
            });
            socket.once("close", () => {
              resolve(true);
            });
          }),
      ),
    );
    expect(ended.filter((one) => one === true)).toHaveLength(4);
    for (const socket of strangers) socket.destroy();
    await small.close();
  });

  test("counts what is opened, and nothing went wrong", async () => {
    await usage.flush();
    const counted = await estate.database.read((tx) => usageOf(tx, rules, estate.clock.read()));
    expect(counted.find((one) => one.user.id === user)?.fileTransfer).toBeGreaterThanOrEqual(16);
    expect(failures).toEqual([]);
  });

  test("keeps its host key, and uses none that others may read", async () => {
    const file = join(keys, "another-host-key");
    const [one, other] = await Promise.all([hostKey(file), hostKey(file)]);
    expect(one).toEqual(other);
    expect(await hostKey(file)).toEqual(one);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    await expect(hostKey(file)).rejects.toMatchObject({ code: "EXTRACT_HOST_KEY_UNUSABLE" });
    writeFileSync(file, "no key");
    chmodSync(file, 0o600);
    await expect(hostKey(file)).rejects.toMatchObject({ code: "EXTRACT_HOST_KEY_UNUSABLE" });
  });
});

/** The server counts a wrong credential when the connection has gone. */
async function waitForWrong(userId: number, count: number): Promise<void> {
  const { sql } = await import("kysely");
  await expect
    .poll(
      async () => {
        const { rows } = await estate.database.read((tx) =>
          sql<{
            wrong: number;
          }>`select count(*) as wrong from repository_wrong_credential where user_id = ${userId}`.execute(tx),
        );
        return rows[0]?.wrong;
      },
      { timeout: 20_000 },
    )
    .toBe(count);
}

describe("Over HTTPS, an extract", () => {
  let server: WebServer;
  let headers: Record<string, string>;
  const path = () => `/api/v1/extracts/${full}/certificates-0001.csv.zst`;
  const file = () => readFileSync(join(folder, full, "certificates-0001.csv.zst"));
  beforeAll(async () => {
    const made = makeServerCertificate([host], estate.clock.read());
    server = createWebServer({
      tls: { cert: made.certificate, key: made.key },
      clientAuthorities: [made.authority],
      logger: pino({ level: "silent" }),
      bodyLimit: 1_000,
    });
    const { database, clock } = estate;
    await extractRoutes(server, { database, clock: clock.read, rules, usage, folder });
    await server.ready();
    const apiKey = await database.transaction((tx) => issueApiKey(tx, operator, user, clock.read()));
    headers = { "x-api-key": apiKey };
  });
  afterAll(() => server.close());

  test("is listed for those with an API key", async () => {
    const answer = await server.inject({ url: "/api/v1/extracts", headers });
    expect(answer.json()).toMatchObject({ extracts: [{ name: full, kind: "full", fromSize: 0 }] });
    const bearer = { authorization: `Bearer ${headers["x-api-key"] ?? ""}` };
    expect((await server.inject({ url: "/api/v1/extracts", headers: bearer })).statusCode).toBe(200);
  });
  test("is refused to others", async () => {
    for (const [some, status] of [
      [{}, 401],
      [{ "x-api-key": "x" }, 401],
      [{ authorization: "Basic x" }, 401],
    ] as const)
      for (const url of ["/api/v1/extracts", path()])
        expect((await server.inject({ url, headers: some })).statusCode).toBe(status);
  });
  test("comes whole, and a part of it by a range", async () => {
    const whole = await server.inject({ url: path(), headers });
    expect([whole.statusCode, whole.rawPayload]).toEqual([200, file()]);
    const sha256 = createHash("sha256").update(file()).digest("hex");
    expect(whole.headers).toMatchObject({ etag: `"${sha256}"`, "accept-ranges": "bytes" });
    const part = await server.inject({ url: path(), headers: { ...headers, range: "bytes=1000-" } });
    expect([part.statusCode, part.rawPayload]).toEqual([206, file().subarray(1_000)]);
    expect(part.headers["content-range"]).toBe(
      `bytes 1000-${String(file().length - 1)}/${String(file().length)}`,
    );
    const other = { ...headers, range: "bytes=1000-", "if-range": '"another"' };
    expect((await server.inject({ url: path(), headers: other })).rawPayload).toEqual(file());
    const same = { ...headers, range: "bytes=0-0", "if-range": `"${sha256}"` };
    expect((await server.inject({ url: path(), headers: same })).rawPayload).toHaveLength(1);
    const beyond = { ...headers, range: `bytes=${String(file().length)}-` };
    expect((await server.inject({ url: path(), headers: beyond })).statusCode).toBe(416);
    const held = { ...headers, "if-none-match": `"${sha256}"` };
    expect((await server.inject({ url: path(), headers: held })).statusCode).toBe(304);
    const head = await server.inject({ method: "HEAD", url: path(), headers });
    expect([head.statusCode, head.headers["content-length"]]).toEqual([200, String(file().length)]);
    expect(head.rawPayload).toHaveLength(0);
    for (const tag of [`W/"${sha256}"`, "*", `"x", "${sha256}"`])
      for (const method of ["GET", "HEAD"] as const) {
        const again = { ...headers, "if-none-match": tag };
        expect((await server.inject({ method, url: path(), headers: again })).statusCode).toBe(304);
      }
    expect(
      (await server.inject({ url: path(), headers: { ...headers, "if-none-match": '"x"' } })).statusCode,
    ).toBe(200);
  });
  test("has no other file", async () => {
    for (const name of ["x", "..%2f..%2fsecret", "%2e%2e", "making"])
      for (const url of [`/api/v1/extracts/${full}/${name}`, `/api/v1/extracts/${name}/manifest.json`])
        expect((await server.inject({ url, headers })).statusCode).toBe(404);
  });
});
