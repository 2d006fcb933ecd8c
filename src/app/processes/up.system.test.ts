import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  copyEstate,
  credentialOf,
  enrolParties,
  found,
  foundedEstate,
  refusalOfUp,
  type UpService,
  up,
} from "./testkit/estates.ts";
import { clientOf } from "./testkit/https-client.ts";
import { issueDevice } from "./testkit/requests.ts";
import { cleanUp, processesOn, smki, temporaryFolder, untilNothingRunsOn } from "./testkit/smki.ts";

const isRoot = process.getuid?.() === 0;
const hasProc = existsSync("/proc/self/environ");
/** The user nobody of Debian and of most others. */
const nobody = 65_534;
const isReadableByAll = (statSync(resolve(import.meta.dirname, "../../..")).mode & 0o005) === 0o005;

let founded = "";
beforeAll(async () => {
  founded = await foundedEstate();
});
afterAll(cleanUp);

async function stop(service: UpService) {
  service.interrupt();
  const ended = await service.ended;
  await untilNothingRunsOn(service.data);
  return ended;
}

test("An empty folder is told to hold a ceremony first, and stays empty", async () => {
  const data = temporaryFolder();
  const { status, code, remedy, stderr } = await refusalOfUp(data);
  expect(status).toBe(1);
  expect(code).toBe("ESTATE_EMPTY");
  expect(remedy).toContain("smki ceremony");
  expect(stderr).toContain("smki ceremony");
  expect(readdirSync(data)).toEqual([]);
});

describe.skipIf(!hasProc)("A service on a data folder [needs /proc]", () => {
  let service: UpService;
  let serialNumber = "";
  let certificate: Buffer;

  beforeAll(async () => {
    service = await up(copyEstate(founded));
    await enrolParties(service);
  });

  test("runs the database, one web process and the workers, and logs for its owner only", () => {
    const roles = processesOn(service.data).map(({ role }) => role);
    expect(roles.filter((role) => role !== "postgres").sort()).toEqual(["serve", "up", "work"]);
    expect(roles).toContain("postgres");
    expect(service.answer.environment).toBe("test");
    expect(statSync(service.answer.logFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(service.data, "log")).mode & 0o777).toBe(0o700);
    expect(statSync(join(service.data, "tls", "server.key")).mode & 0o777).toBe(0o600);
  });

  test("refuses a second start on its folder, with what to do", async () => {
    const refusal = await refusalOfUp(service.data);
    expect(refusal).toMatchObject({ status: 1, code: "DATABASE_FOLDER_IN_USE" });
    expect(refusal.stderr).toMatch(/stop it first, or name another folder/);
  });

  test("keeps its ports: another on the same one is refused by name", async () => {
    const { port } = new URL(service.answer.url);
    const refusal = await refusalOfUp(copyEstate(founded), { env: { SMKI_WEB_PORT: port } });
    expect(refusal).toMatchObject({ status: 1, code: "PORT_IN_USE", details: { port: Number(port) } });
  });

  test("stops by Ctrl-C in order, within 10 seconds, although a client keeps its connection open", async () => {
    const client = clientOf(service, credentialOf(service.data, "SMPM", "device"));
    const issued = await issueDevice(client, 1);
    ({ serialNumber, certificate } = issued);
    const began = performance.now();
    const { status, stderr } = await stop(service);
    const milliseconds = performance.now() - began;
    client.close();
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(milliseconds).toBeLessThan(10_000);
  });

  test("finds everything again at the next start, its own TLS certificate too", async () => {
    service = await up(service.data);
    const client = clientOf(service, credentialOf(service.data, "SMPM", "device"));
    const answer = await client.get(`/api/v1/certificates/${serialNumber}`, {
      accept: "application/pkix-cert",
    });
    client.close();
    expect(answer.status).toBe(200);
    expect(answer.octets.equals(certificate)).toBe(true);
    expect((await stop(service)).status).toBe(0);
  });
});

describe.skipIf(!hasProc)("The service starts [needs /proc]", { concurrent: true }, () => {
  test.skipIf(!isRoot)("as root in a folder of mode 0700 [needs root]", async () => {
    const closed = temporaryFolder();
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    const service = await up(copyEstate(founded, join(closed, "data")));
    expect((await stop(service)).status).toBe(0);
  });

  test("on a path of more than 200 characters", async () => {
    const deep = join(temporaryFolder(), ...Array.from({ length: 8 }, () => "a-folder-with-a-long-name"));
    mkdirSync(deep, { recursive: true });
    const data = join(deep, "data");
    expect(data.length).toBeGreaterThan(200);
    const service = await up(copyEstate(founded, data));
    const client = clientOf(service);
    expect((await client.get("/api/v1/health")).status).toBe(200);
    client.close();
    expect((await stop(service)).status).toBe(0);
  });

  test.skipIf(isRoot && !isReadableByAll)("as an ordinary user, from the ceremony on", async () => {
    const folder = temporaryFolder();
    if (isRoot) chownSync(folder, nobody, nobody);
    const data = join(folder, "data");
    const user = { ...(isRoot ? { uid: nobody } : {}), env: { HOME: "/nonexistent" } };
    await found(data, user);
    const service = await up(data, user);
    const client = clientOf(service);
    expect((await client.get("/api/v1/health")).status).toBe(200);
    client.close();
    expect((await stop(service)).status).toBe(0);
  });
});

describe.concurrent("What keeps a start away reaches the user by its code", () => {
  test("a port in use, of the repository service", async () => {
    const other = createServer();
    await new Promise<void>((done) => {
      other.listen(0, "127.0.0.1", done);
    });
    const { port } = other.address() as { port: number };
    const refusal = await refusalOfUp(copyEstate(founded), {
      env: { SMKI_REPOSITORY_SERVICE_PORT: String(port) },
    });
    other.close();
    expect(refusal).toMatchObject({ status: 1, code: "PORT_IN_USE" });
  });

  test("an address that is not this machine's", async () => {
    const refusal = await refusalOfUp(copyEstate(founded), { env: { SMKI_WEB_HOST: "192.0.2.1" } });
    expect(refusal).toMatchObject({ status: 1, code: "ADDRESS_UNUSABLE" });
  });

  test("a wrong passphrase, met by a worker", async () => {
    const data = copyEstate(founded);
    writeFileSync(join(data, "secrets", "operational.passphrase"), "certainly not the passphrase\n");
    const refusal = await refusalOfUp(data);
    expect(refusal).toMatchObject({ status: 1, code: "KEY_STORE_PASSPHRASE_WRONG" });
    expect(refusal.stderr).not.toContain("certainly not");
  });

  test("a key file that others can read", async () => {
    const data = copyEstate(founded);
    chmodSync(join(data, "keys", "operational.keys"), 0o644);
    expect(await refusalOfUp(data)).toMatchObject({ status: 1, code: "KEY_FILE_MODE_LOOSE" });
  });

  test("a worker that cannot be started again: the service ends, and names its log", async () => {
    const service = await up(copyEstate(founded));
    writeFileSync(join(service.data, "secrets", "operational.passphrase"), "certainly not the passphrase\n");
    for (const { pid, role } of processesOn(service.data)) if (role === "work") process.kill(pid, "SIGKILL");
    const { status, stderr } = await service.ended;
    expect(status).toBe(1);
    expect(stderr).toContain("[PROCESS_FAILED]");
    expect(stderr).toContain(service.answer.logFile);
    expect(readFileSync(service.answer.logFile, "utf8")).toContain("KEY_STORE_PASSPHRASE_WRONG");
    await untilNothingRunsOn(service.data);
  });

  test("a data folder that is a file", async () => {
    const file = join(temporaryFolder(), "data");
    writeFileSync(file, "");
    const { status, stderr } = await smki([
      "ceremony",
      ...["--witness", "Ada Byron", "--witness", "Alan Mathison"],
      ...["--data", file],
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain("[DATABASE_FOLDER_NOT_WRITABLE]");
  });
});
