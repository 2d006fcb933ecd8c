import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { settingsEnvironment } from "./environment.ts";
import { checkSettings, loadSettings } from "./load.ts";
import { renderSettingsFile } from "./render.ts";
import { showSettings } from "./show.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-settings-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileWith(text: string): string {
  const file = join(folder, "smki.toml");
  writeFileSync(file, text);
  return file;
}

describe("the settings file", () => {
  test("as rendered for test, loads and changes nothing", () => {
    const written = loadSettings({
      file: fileWith(renderSettingsFile("test")),
      env: {},
      workingFolder: folder,
    });
    expect(written).toEqual(loadSettings({ env: { SMKI_ENVIRONMENT: "test" }, workingFolder: folder }));
  });

  test("shows defaults that are the defaults: with every one of them put in force nothing changes", () => {
    const all = renderSettingsFile("test").replaceAll(/^#(\w+ = (?!"").*)$/gm, "$1");
    expect(all).toMatch(/^port = 8443$/m);
    const written = loadSettings({ file: fileWith(all), env: {}, workingFolder: folder });
    expect(written).toEqual(loadSettings({ env: { SMKI_ENVIRONMENT: "test" }, workingFolder: folder }));
  });

  test("as rendered for live, marks as required exactly what is then named as missing", () => {
    const text = renderSettingsFile("live");
    const { mistakes } = checkSettings({ file: fileWith(text), env: {}, workingFolder: folder });
    const missing = mistakes.map(({ where }) => where.replace("set ", "")).toSorted();
    const required = text
      .split("\n\n")
      .flatMap((part) => [...part.matchAll(/# REQUIRED\.[^[]*\[(SMKI_\w+)\]/g)])
      .map((match) => match[1])
      .toSorted();
    expect(missing).toEqual(required);
    expect(missing.length).toBeGreaterThan(10);
  });

  test("is overruled by the environment", () => {
    const file = fileWith('environment = "test"\n[web]\nport = 1\nhost = "::1"\n');
    const { web } = loadSettings({ file, env: { SMKI_WEB_PORT: "2" } });
    expect(web).toMatchObject({ port: 2, host: "::1" });
  });

  test("names witnesses in a list, which a child process is given as it is", () => {
    const witnesses = [
      "a.example/1+0a1b2c3d+BAAA https://a.example/w",
      "b.example/2+0a1b2c3d+BBBB= http://[::1]:1/",
    ];
    const file = fileWith(
      `environment = "test"\n[ledger]\nquorum = 2\nwitnesses = ${JSON.stringify(witnesses)}\n`,
    );
    const settings = loadSettings({ file, env: {}, workingFolder: folder });
    expect(settings.ledger).toMatchObject({ witnesses, quorum: 2 });
    const ofChild = loadSettings({ env: settingsEnvironment(settings), workingFolder: folder });
    expect(ofChild).toEqual(settings);
  });

  test("gives relative paths from its own folder, wherever it is read from", () => {
    const file = fileWith('environment = "test"\ndataFolder = "data"\n');
    expect(loadSettings({ file, env: {}, workingFolder: "/" }).dataFolder).toBe(join(folder, "data"));
  });

  test("has each mistake named with its line, in tables and dotted keys", () => {
    const file = fileWith(
      [
        'environment = "test"',
        "log.level = 3",
        "",
        "[web]",
        'prot = "x" # mistyped',
        "port = -1",
        "[names.rootOca]",
        'commonName = "TOOLONG"',
        "[policies]",
        'device = "nonsense"',
        "[nonsense]",
        "workers = 1",
      ].join("\n"),
    );
    const { mistakes } = checkSettings({ file, env: {} });
    expect(Object.fromEntries(mistakes.map(({ key, where }) => [key, where]))).toEqual({
      "web.prot": "smki.toml line 5",
      nonsense: "smki.toml line 11",
      "log.level": "smki.toml line 2",
      "policies.device": "smki.toml line 10",
      "names.rootOca.commonName": "smki.toml line 8",
      "web.port": "smki.toml line 6",
    });
  });

  test("a value where a group belongs, and a group where a value belongs, are mistakes", () => {
    const group = checkSettings({ file: fileWith('environment = "test"\nweb = 1\n'), env: {} });
    expect(group.mistakes).toEqual([
      { key: "web", problem: "is a group of settings, written [web]", where: "smki.toml line 2" },
    ]);
    const value = checkSettings({ file: fileWith('environment = "test"\n[dataFolder]\nx = 1\n'), env: {} });
    expect(value.mistakes.map(({ key }) => key)).toEqual(["dataFolder"]);
  });

  test("that is not TOML is refused with the line, and without quoting it", () => {
    const file = fileWith('environment = "test"\n[database]\nurl = "postgres://u:hunter2@h/d\n');
    expect(() => loadSettings({ file, env: {} })).toThrow(
      expect.objectContaining({
        code: "SETTINGS_FILE_INVALID",
        message: expect.stringMatching(/line: 3/) as string,
      }),
    );
    expect(() => loadSettings({ file, env: {} })).not.toThrow(/hunter2/);
  });

  test("that is not there is refused by name", () => {
    expect(() => loadSettings({ file: join(folder, "none.toml"), env: {} })).toThrow(
      expect.objectContaining({ code: "SETTINGS_FILE_MISSING" }),
    );
  });
});

describe("shown settings", () => {
  test("say of a secret only that it is set", () => {
    const shown = showSettings(
      loadSettings({
        env: {
          SMKI_ENVIRONMENT: "test",
          DATABASE_URL: "postgres://u:hunter2@h/d",
          SMKI_REPOSITORY_SERVICE_API_KEY: "hunter3",
        },
      }),
    );
    expect(shown).toMatchObject({
      environment: "test",
      "database.url": "(set)",
      "repositoryService.apiKey": "(set)",
    });
    expect(JSON.stringify(shown)).not.toContain("hunter");
  });

  test("given back on the command line make the same settings", () => {
    const settings = loadSettings({ env: { SMKI_ENVIRONMENT: "test" }, workingFolder: folder });
    expect(loadSettings({ env: {}, overrides: showSettings(settings), workingFolder: "/" })).toEqual(
      settings,
    );
  });
});
