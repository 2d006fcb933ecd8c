import ssh from "ssh2";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../database/testkit.ts";
import { localOperator } from "../../registration/principal.ts";
import { registerParty } from "../../registration/registration.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import {
  endUser,
  fileForecast,
  issueApiKey,
  listUsers,
  registerSshKey,
  registerUser,
  unlockUser,
} from "./access.ts";
import { authenticateApiKey, authenticateSshKey, type Door } from "./authenticate.ts";
import { readSshPublicKey } from "./repository-user.ts";
import { UsageCounter, usageOf } from "./usage.ts";

const operator = localOperator("test");
const noon = new Date("2026-06-01T12:00:00Z");
const rules = rulebookFor("response");
let held: TestDatabase;
let partyId: number;
let minutes = 0;
const now = () => new Date(noon.getTime() + minutes * 60_000);
let door: Door;
beforeAll(async () => {
  held = await testDatabase();
  door = { database: held.database, clock: now, rules };
  const party = {
    name: "Sample",
    categories: ["other-user"],
    roles: [],
    identifiers: [],
    ranges: [],
  } as const;
  partyId = await held.database.transaction((tx) => registerParty(tx, operator, party, noon));
});
afterAll(() => held.drop());
afterEach(() => {
  minutes = 0;
});

let users = 0;
const user = (forecastRequests?: number) =>
  held.database.transaction((tx) =>
    registerUser(
      tx,
      operator,
      { partyId, name: `user ${String((users += 1))}`, ...(forecastRequests && { forecastRequests }) },
      noon,
    ),
  );
const apiKey = (id: number) => held.database.transaction((tx) => issueApiKey(tx, operator, id, now()));
/** An API key that names the user and is not the user's. */
const wrongKey = (id: number, letter = "A") => `smki-${String(id)}-${letter.repeat(43)}`;
const refusal = (presented: string) =>
  authenticateApiKey(door, presented).then(
    () => "let in",
    (error: unknown) => (error as { code: string }).code,
  );

describe("A user of the repository", () => {
  test("is let in by the API key that was issued last, and by no other", async () => {
    const id = await user();
    const first = await apiKey(id);
    expect(await authenticateApiKey(door, first)).toMatchObject({ id, partyId });
    const second = await apiKey(id);
    expect(await refusal(second)).toBe("let in");
    for (const wrong of [first, wrongKey(id), wrongKey(999_999), "", "smki-1", `${second}A`, "' or 1=1"])
      expect(await refusal(wrong), wrong).toBe("REPOSITORY_CREDENTIAL_WRONG");
  });

  test("is locked out by the fifth wrong key, with the right one too, until an hour from the first", async () => {
    const [id, bystander] = [await user(), await user()];
    const [right, other] = [await apiKey(id), await apiKey(bystander)];
    for (minutes = 0; minutes < 4; minutes += 1)
      expect(await refusal(wrongKey(id))).toBe("REPOSITORY_CREDENTIAL_WRONG");
    expect(await refusal(right)).toBe("let in");
    await expect(authenticateApiKey(door, wrongKey(id))).rejects.toMatchObject({
      code: "REPOSITORY_USER_LOCKED",
      details: { until: "2026-06-01T13:00:00.000Z" },
    });
    expect(await refusal(right)).toBe("REPOSITORY_USER_LOCKED");
    expect(await refusal(other)).toBe("let in");
    minutes = 59.9;
    expect(await refusal(right)).toBe("REPOSITORY_USER_LOCKED");
    minutes = 60;
    expect(await refusal(right)).toBe("let in");
  });

  test("is locked out once for five wrong keys at the same moment, of any number of processes", async () => {
    const id = await user();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => refusal(wrongKey(id, String.fromCharCode(65 + index)))),
    );
    expect(answers).toContain("REPOSITORY_USER_LOCKED");
    expect(await refusal(await apiKey(id))).toBe("REPOSITORY_USER_LOCKED");
  });

  test("is let in again when an administrator unlocks it", async () => {
    const id = await user();
    const right = await apiKey(id);
    for (let wrong = 0; wrong < 5; wrong += 1) await refusal(wrongKey(id));
    expect(await refusal(right)).toBe("REPOSITORY_USER_LOCKED");
    minutes = 1;
    await held.database.transaction((tx) => unlockUser(tx, operator, id, now()));
    expect(await refusal(right)).toBe("let in");
  });

  test("is nobody from the moment it ends", async () => {
    const id = await user();
    const key = await apiKey(id);
    await held.database.transaction((tx) => endUser(tx, operator, id, noon));
    expect(await refusal(key)).toBe("REPOSITORY_CREDENTIAL_WRONG");
    expect(await held.database.read(listUsers)).not.toContainEqual(expect.objectContaining({ id }));
    await expect(apiKey(id)).rejects.toMatchObject({ code: "REPOSITORY_USER_NOT_FOUND" });
  });

  test("of the file transfer is known by its SSH key, one user a key", async () => {
    const [id, other] = [await user(), await user()];
    const { public: line } = ssh.utils.generateKeyPairSync("ed25519");
    const register = (who: number) =>
      held.database.transaction((tx) => registerSshKey(tx, operator, who, line, noon));
    await register(id);
    const blob = readSshPublicKey(line);
    expect(await authenticateSshKey(door, id, blob)).toMatchObject({ id });
    await expect(authenticateSshKey(door, other, blob)).rejects.toMatchObject({
      code: "REPOSITORY_CREDENTIAL_WRONG",
    });
    await expect(register(other)).rejects.toMatchObject({ code: "SSH_KEY_INVALID" });
  });

  test("hands in no private, weak or unreadable SSH key", () => {
    const weak = ssh.utils.generateKeyPairSync("rsa", { bits: 1024 }).public;
    const { private: privateKey } = ssh.utils.generateKeyPairSync("ed25519");
    for (const line of [weak, privateKey, "", "ssh-ed25519 AAAA", "x".repeat(10_000)])
      expect(() => readSshPublicKey(line)).toThrow(expect.objectContaining({ code: "SSH_KEY_INVALID" }));
  });
});

test("Requests are counted by user and day, and shown beside 120 % of the forecast, never refused", async () => {
  const id = await user(10);
  const counter = new UsageCounter(held.database, now, (error) => {
    throw error;
  });
  const [someone] = (await held.database.read(listUsers)).filter((one) => one.id === id);
  if (someone === undefined) throw new Error("no user");
  const mine = async () =>
    (await held.database.read((tx) => usageOf(tx, rules, now()))).find(({ user: of }) => of.id === id);
  for (let count = 0; count < 12; count += 1) counter.count(someone, "web-service");
  await counter.flush();
  expect(await mine()).toMatchObject({ webService: 12, fileTransfer: 0, allowance: 12, isAbove: false });
  counter.count(someone, "web-service");
  // Of bulk files no number is forecast.
  for (let count = 0; count < 20; count += 1) counter.count(someone, "file-transfer");
  minutes = 24 * 60;
  counter.count(someone, "web-service");
  await counter.close();
  expect(await mine()).toMatchObject({ webService: 1, fileTransfer: 0, isAbove: false });
  minutes = 0;
  expect(await mine()).toMatchObject({ webService: 13, fileTransfer: 20, isAbove: true });
  await held.database.transaction((tx) => fileForecast(tx, operator, id, 11, noon));
  expect(await mine()).toMatchObject({ allowance: 13, isAbove: false });
});
