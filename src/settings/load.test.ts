import { describe, expect, test } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { checkSettings, loadSettings } from "./load.ts";

const place = { workingFolder: "/srv", cores: 4 };
const test_ = { SMKI_ENVIRONMENT: "test" };
const live = {
  SMKI_ENVIRONMENT: "live",
  SMKI_POLICIES_DEVICE: "2.999.1",
  SMKI_POLICIES_ORGANISATION: "2.999.2",
  SMKI_POLICIES_IKI: "2.999.3",
  SMKI_POLICIES_OCA: "2.999.4",
  SMKI_POLICIES_DCA: "2.999.5",
  SMKI_NAMES_ROOT_OCA_ORGANISATIONAL_UNIT: "00",
  SMKI_NAMES_ROOT_OCA_COMMON_NAME: "R1",
  SMKI_NAMES_ISSUING_OCA_ORGANISATIONAL_UNIT: "07",
  SMKI_NAMES_ISSUING_OCA_COMMON_NAME: "I1",
  SMKI_NAMES_ROOT_DCA_COMMON_NAME: "R2",
  SMKI_NAMES_ISSUING_DCA_COMMON_NAME_PREFIX: "I",
  SMKI_NAMES_ROOT_ICA_COMMON_NAME: "R3",
  SMKI_NAMES_ISSUING_ICA_COMMON_NAME: "I3",
  SMKI_KEYS_OPERATIONAL_KIND: "pkcs11",
  SMKI_KEYS_OPERATIONAL_MODULE: "/usr/lib/hsm.so",
  SMKI_KEYS_OPERATIONAL_TOKEN_LABEL: "operational",
  SMKI_KEYS_OPERATIONAL_PIN_FILE: "credential:pin",
  SMKI_KEYS_CEREMONY_KIND: "encrypted-file",
  SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: "/etc/opensmki/ceremony.passphrase",
};

const mistakesOf = (env: Record<string, string>, overrides: Record<string, string | number> = {}) =>
  checkSettings({ env, overrides, ...place }).mistakes;

describe("a test environment", () => {
  const settings = loadSettings({ env: test_, ...place });

  test("needs nothing but its name", () => {
    expect(settings.edition).toBe("response");
    expect(settings.workers.count).toBe(4);
  });

  test("has the policy and the names of the real test environment", () => {
    expect(new Set(Object.values(settings.policies))).toEqual(new Set(["1.2.826.0.1.8641679.1.2.1.4"]));
    expect(settings.names.rootOca).toEqual({ organisationalUnit: "00", commonName: "ZA" });
    expect(settings.names.issuingOca).toEqual({ organisationalUnit: "07", commonName: "Z1" });
  });

  test("keeps its keys in encrypted files in the data folder, the ceremony's apart", () => {
    expect(settings.keys).toEqual({
      operational: {
        kind: "encrypted-file",
        environment: "test",
        purpose: "operational",
        file: "/srv/smki-data/keys/operational.keys",
        passphraseFile: "/srv/smki-data/secrets/operational.passphrase",
      },
      ceremony: {
        kind: "encrypted-file",
        environment: "test",
        purpose: "ceremony",
        file: "/srv/smki-data/keys/ceremony.keys",
        passphraseFile: "/srv/smki-data/secrets/ceremony.passphrase",
      },
    });
  });

  test("cannot be changed once loaded, at any depth", () => {
    expect(() => Object.assign(settings.names.rootOca, { commonName: "XX" })).toThrow(TypeError);
    expect(() => Object.assign(settings.keys.ceremony, { file: "/x" })).toThrow(TypeError);
  });
});

describe("a live environment", () => {
  test("has no policy and no name of its own: each missing one is named", () => {
    const missing = mistakesOf({ SMKI_ENVIRONMENT: "live" }).map(({ key }) => key);
    expect(missing).toEqual(
      expect.arrayContaining([
        ...["device", "organisation", "iki", "oca", "dca"].map((tree) => `policies.${tree}`),
        ...["rootOca", "issuingOca", "rootDca", "rootIca", "issuingIca"].map(
          (ca) => `names.${ca}.commonName`,
        ),
        ...["names.issuingDca.commonNamePrefix", "keys.operational.kind", "keys.ceremony.kind"],
      ]),
    );
  });

  test("starts once all are given", () => {
    const settings = loadSettings({ env: live, ...place });
    expect(settings.environment).toBe("live");
    expect(settings.repositoryService.enabled).toBe(false);
    expect(settings.keys.operational).toEqual({
      kind: "pkcs11",
      environment: "live",
      purpose: "operational",
      module: "/usr/lib/hsm.so",
      tokenLabel: "operational",
      pinFile: "credential:pin",
    });
  });

  test.each([
    [{ SMKI_POLICIES_DCA: "1.2.826.0.1.8641679.1.2.1.4" }, "policies.dca", /policy of the test environment/],
    [{ SMKI_REPOSITORY_SERVICE_ENABLED: "true" }, "repositoryService.enabled", /in live it must be false/],
    [
      { SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: "/var/lib/opensmki/secrets/p" },
      "keys.ceremony.passphraseFile",
      /in live it must lie outside/,
    ],
    [{ SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: "" }, "keys.ceremony.passphraseFile", /is not set/],
    [
      { SMKI_KEYS_OPERATIONAL_PIN_FILE: "/var/lib/opensmki/../opensmki/pin" },
      "keys.operational.pinFile",
      /in live it must lie outside/,
    ],
  ])("refuses %o", (change, key, problem) => {
    expect(mistakesOf({ ...live, ...change })).toEqual([
      expect.objectContaining({ key, problem: expect.stringMatching(problem) as string }),
    ]);
  });

  test("takes a passphrase from a folder whose name only begins like the data folder's", () => {
    expect(
      mistakesOf({ ...live, SMKI_KEYS_CEREMONY_PASSPHRASE_FILE: "/var/lib/opensmki-secrets/p" }),
    ).toEqual([]);
  });
});

describe("mistakes", () => {
  test("are all named at once, each with its key, what is wrong, and where", () => {
    expect(
      mistakesOf({ ...test_, SMKI_WEB_PORT: "99999", SMKI_EDITION: "final", SMKI_POLICIES_IKI: "1.2.03" }),
    ).toEqual([
      {
        key: "edition",
        problem: 'is "final", and must be one of response, draft, enacted',
        where: "SMKI_EDITION",
      },
      {
        key: "policies.iki",
        problem: 'is "1.2.03", and must be an object identifier such as 2.999.1',
        where: "SMKI_POLICIES_IKI",
      },
      {
        key: "web.port",
        problem: "is 99999, and must be a whole number from 0 to 65535",
        where: "SMKI_WEB_PORT",
      },
    ]);
  });

  test("are thrown as one coded error with a line for each", () => {
    let caught: unknown;
    try {
      loadSettings({ env: { ...test_, SMKI_WEB_PORT: "x", SMKI_LOG_LEVEL: "loud" }, ...place });
    } catch (error) {
      caught = error;
    }
    const mistakes = isSmkiError(caught, "SETTINGS_INVALID")
      ? String(caught.details["mistakes"]).split("\n")
      : [];
    expect(mistakes).toHaveLength(2);
    expect(String(caught)).toMatch(/web\.port is "x".*SMKI_WEB_PORT/);
    expect(String(caught)).toMatch(/log\.level is "loud".*SMKI_LOG_LEVEL/);
  });

  test("never repeat a secret", () => {
    const mistakes = mistakesOf({ ...test_, DATABASE_URL: "mysql://root:hunter2@host/db" });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatchObject({ key: "database.url", where: "DATABASE_URL" });
    expect(JSON.stringify(mistakes)).not.toContain("hunter2");
  });

  test("include names that are no setting, with the one that was probably meant", () => {
    expect(mistakesOf({ ...test_, SMKI_WEB_PROT: "1", SMKI_QUITE_ANOTHER_THING_ALTOGETHER: "1" })).toEqual([
      {
        key: "SMKI_WEB_PROT",
        problem: "is not a setting; did you mean SMKI_WEB_PORT?",
        where: "the environment",
      },
      {
        key: "SMKI_QUITE_ANOTHER_THING_ALTOGETHER",
        problem: expect.stringMatching(/^is not a setting/) as string,
        where: "the environment",
      },
    ]);
  });

  test("a missing environment is one mistake, not one for each default that depends on it", () => {
    expect(mistakesOf({})).toEqual([
      {
        key: "environment",
        problem: "is not set; it must be one of test, live",
        where: "set SMKI_ENVIRONMENT",
      },
    ]);
  });

  test.each([
    [{ SMKI_WEB_TLS_KEY_FILE: "/k" }, "web.tls.certificateFile"],
    [{ SMKI_KEYS_CEREMONY_FILE: "/k", SMKI_KEYS_OPERATIONAL_FILE: "/k" }, "keys.ceremony.file"],
    [
      {
        SMKI_KEYS_OPERATIONAL_KIND: "pkcs11",
        SMKI_KEYS_OPERATIONAL_MODULE: "/m",
        SMKI_KEYS_OPERATIONAL_PIN_FILE: "/p",
      },
      "keys.operational.tokenLabel",
    ],
    [{ SMKI_NAMES_ROOT_ICA_COMMON_NAME: "Z2" }, "names.issuingIca.commonName"],
    [{ SMKI_NAMES_ROOT_DCA_COMMON_NAME: "D000" }, "names.issuingDca.commonNamePrefix"],
    [{ SMKI_NAMES_ROOT_OCA_COMMON_NAME: "LONGER" }, "names.rootOca.commonName"],
  ])("%o is one mistake, at %s", (change, key) => {
    expect(mistakesOf({ ...test_, ...change }).map((mistake) => mistake.key)).toEqual([key]);
  });

  test("one token for both purposes is refused, two tokens of one module are not", () => {
    const store = (purpose: string, label: string) => ({
      [`SMKI_KEYS_${purpose}_KIND`]: "pkcs11",
      [`SMKI_KEYS_${purpose}_MODULE`]: "/m",
      [`SMKI_KEYS_${purpose}_TOKEN_LABEL`]: label,
      [`SMKI_KEYS_${purpose}_PIN_FILE`]: "/p",
    });
    const both = (label: string) =>
      mistakesOf({ ...test_, ...store("OPERATIONAL", "a"), ...store("CEREMONY", label) });
    expect(both("a").map(({ key }) => key)).toEqual(["keys.ceremony.tokenLabel"]);
    expect(both("b")).toEqual([]);
  });
});

describe("witnesses of the ledger", () => {
  const witness = "witness.example/1+0a1b2c3d+BAAA https://witness.example/";
  const of = (witnesses: string, quorum = "0") =>
    mistakesOf({ ...test_, SMKI_LEDGER_WITNESSES: witnesses, SMKI_LEDGER_QUORUM: quorum }).map(
      ({ key }) => key,
    );

  test("are none where none is named, and as many as are demanded where some are", () => {
    expect(loadSettings({ env: test_, ...place }).ledger).toMatchObject({ witnesses: [], quorum: 0 });
    expect(of(`${witness}, ${witness}`, "2")).toEqual([]);
    expect(of(witness, "2")).toEqual(["ledger.quorum"]);
    expect(of("", "1")).toEqual(["ledger.quorum"]);
  });

  test.each([
    "witness.example/1",
    "witness.example/1+0a1b2c3d+BAAA",
    "witness.example/1+0a1b2c3d+BAAA ftp://witness.example/",
    "witness.example/1+0A1B2C3D+BAAA https://witness.example/",
    `${witness}, x`,
    `${witness},`,
    Array.from({ length: 17 }, () => witness).join(),
  ])("are refused as %j", (witnesses) => {
    expect(of(witnesses)).toEqual(["ledger.witnesses"]);
  });
});

describe("sources", () => {
  test("the command line wins over the environment", () => {
    const settings = loadSettings({
      env: { ...test_, SMKI_WEB_PORT: "1000", SMKI_DATA_FOLDER: "/a" },
      overrides: { "web.port": 2000, dataFolder: "b", edition: undefined },
      ...place,
    });
    expect(settings.web.port).toBe(2000);
    expect(settings.dataFolder).toBe("/srv/b");
  });

  test("DATABASE_URL sets the database, and SMKI_DATABASE_URL wins over it", () => {
    const urlOf = (env: Record<string, string>) =>
      loadSettings({ env: { ...test_, ...env }, ...place }).database.url;
    expect(urlOf({ DATABASE_URL: "postgres://a" })).toBe("postgres://a");
    expect(urlOf({ DATABASE_URL: "postgres://a", SMKI_DATABASE_URL: "postgres://b" })).toBe("postgres://b");
  });

  test("a mistyped option is a mistake too", () => {
    expect(mistakesOf(test_, { "web.prot": 1 })).toEqual([
      { key: "web.prot", problem: "is not a setting; did you mean web.port?", where: "the command line" },
    ]);
  });
});
