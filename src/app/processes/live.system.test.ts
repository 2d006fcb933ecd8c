import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeServerCertificate } from "../../web/tls/self-made-certificate.ts";
import { found, refusalOfUp, up } from "./testkit/estates.ts";
import { httpsClient } from "./testkit/https-client.ts";
import { cleanUp, temporaryFolder, untilNothingRunsOn } from "./testkit/smki.ts";

/** Everything of an estate that has no default in live. */
const identity = {
  SMKI_POLICIES_DEVICE: "2.999.1.1",
  SMKI_POLICIES_ORGANISATION: "2.999.1.2",
  SMKI_POLICIES_IKI: "2.999.1.3",
  SMKI_POLICIES_OCA: "2.999.1.4",
  SMKI_POLICIES_DCA: "2.999.1.5",
  SMKI_NAMES_ROOT_OCA_ORGANISATIONAL_UNIT: "00",
  SMKI_NAMES_ROOT_OCA_COMMON_NAME: "A1",
  SMKI_NAMES_ISSUING_OCA_ORGANISATIONAL_UNIT: "07",
  SMKI_NAMES_ISSUING_OCA_COMMON_NAME: "A2",
  SMKI_NAMES_ROOT_DCA_COMMON_NAME: "B1",
  SMKI_NAMES_ISSUING_DCA_COMMON_NAME_PREFIX: "C",
  SMKI_NAMES_ROOT_ICA_COMMON_NAME: "E1",
  SMKI_NAMES_ISSUING_ICA_COMMON_NAME: "E2",
  SMKI_KEYS_OPERATIONAL_KIND: "encrypted-file",
  SMKI_KEYS_CEREMONY_KIND: "encrypted-file",
};

const hasProc = existsSync("/proc/self/environ");
let data = "";
let live: Record<string, string> = {};
let tls: Record<string, string> = {};
let authority = "";

beforeAll(async () => {
  const folder = temporaryFolder();
  data = join(folder, "data");
  const outside = join(folder, "outside");
  mkdirSync(outside);
  const write = (name: string, text: string): string => {
    const file = join(outside, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  live = {
    SMKI_ENVIRONMENT: "live",
    ...identity,
    SMKI_KEYS_OPERATIONAL_PASSPHRASE_FILE: write("operational", "the operational passphrase\n"),
    SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: write("ceremony", "the ceremony's passphrase\n"),
  };
  const made = makeServerCertificate(["127.0.0.1"], new Date());
  ({ authority } = made);
  tls = {
    SMKI_WEB_TLS_CERTIFICATE_FILE: write("server.pem", made.certificate),
    SMKI_WEB_TLS_KEY_FILE: write("server.key", made.key),
  };
});
afterAll(cleanUp);

test("A live estate without its own identifiers, names and key stores is refused, each of them named", async () => {
  const { status, code, message } = await refusalOfUp(data, { env: { SMKI_ENVIRONMENT: "live" } });
  expect(status).toBe(1);
  expect(code).toBe("SETTINGS_INVALID");
  const named = Object.keys(identity).filter((variable) => !message.includes(keyOf(variable)));
  expect(named).toEqual([]);
  expect(existsSync(data)).toBe(false);
});

/** SMKI_NAMES_ROOT_OCA_COMMON_NAME is names.rootOca.commonName. */
function keyOf(variable: string): string {
  const [table = "", ...rest] = variable.slice("SMKI_".length).toLowerCase().split("_");
  const words = rest.join(" ");
  const [, group = "", name = ""] =
    /^(root oca|issuing oca|root dca|issuing dca|root ica|issuing ica|operational|ceremony)? ?(.*)$/.exec(
      words,
    ) ?? [];
  const camel = (text: string) => text.replaceAll(/ (.)/g, (_, letter: string) => letter.toUpperCase());
  return [table, camel(group), camel(name)].filter((part) => part !== "").join(".");
}

describe.skipIf(!hasProc)("A live estate [needs /proc]", () => {
  beforeAll(async () => {
    await found(data, { env: live });
  });

  test("does not start without a TLS certificate of its own", async () => {
    expect(await refusalOfUp(data, { env: live })).toMatchObject({ status: 1, code: "TLS_FILES_NEEDED" });
  });

  test("does not start with the repository service in the manner of DCC Boxed", async () => {
    const refusal = await refusalOfUp(data, {
      env: { ...live, ...tls, SMKI_REPOSITORY_SERVICE_ENABLED: "true" },
    });
    expect(refusal).toMatchObject({ status: 1, code: "SETTINGS_INVALID" });
    expect(refusal.message).toMatch(/repositoryService\.enabled .* private keys/s);
  });

  test("starts with it, has no such port, and never runs as a test estate again", async () => {
    const service = await up(data, { env: { ...live, ...tls } });
    expect(service.answer.environment).toBe("live");
    expect(service.answer.repositoryUrl).toBeUndefined();
    const client = httpsClient(service.answer.url, { ca: authority });
    expect((await client.get("/api/v1/status")).json()).toMatchObject({ environment: "live" });
    client.close();
    service.interrupt();
    expect((await service.ended).status).toBe(0);
    await untilNothingRunsOn(data);
    expect(await refusalOfUp(data)).toMatchObject({ status: 1, code: "ESTATE_ENVIRONMENT_MISMATCH" });
  });
});

test("A test estate never runs as a live one", async () => {
  const folder = join(temporaryFolder(), "data");
  await found(folder);
  expect(await refusalOfUp(folder, { env: { ...live, ...tls } })).toMatchObject({
    status: 1,
    code: "ESTATE_ENVIRONMENT_MISMATCH",
    details: { database: "test", settings: "live" },
  });
});
