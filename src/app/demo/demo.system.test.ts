import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  cleanUp,
  processesOn,
  smki,
  startSmki,
  temporaryFolder,
  until,
  untilNothingRunsOn,
} from "../processes/testkit/smki.ts";

interface DemoAnswer {
  readonly holds: boolean;
  readonly problems: readonly string[];
  readonly deviceCertificates: number;
  readonly organisationCertificates: number;
  readonly verifiedWith: string;
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const hasProc = existsSync("/proc/self/environ");

/** Preloaded into every process: a machine on which pkcs11js could not be compiled at installation. */
const withoutPkcs11js = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ resolve(name, context, next) {
    if (name === "pkcs11js") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(name, context);
  } });`)}`;

afterAll(cleanUp);

describe.concurrent("The demonstration", () => {
  test.skipIf(!hasOpenssl)(
    "holds, verified by OpenSSL, and leaves nothing behind [needs openssl]",
    async () => {
      const temporary = temporaryFolder();
      const { status, stdout, stderr } = await smki(["demo", "--exit", "--meters", "20", "--json"], {
        env: { TMPDIR: temporary },
      });
      expect(stderr).toBe("");
      const answer = JSON.parse(stdout) as DemoAnswer;
      expect(answer).toMatchObject({
        holds: true,
        problems: [],
        deviceCertificates: 40,
        organisationCertificates: 6,
      });
      expect(answer.verifiedWith).toMatch(/^OpenSSL \d/);
      expect(status).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  test("fails when one stored byte was altered, naming the certificate, and keeps the folder it was given", async () => {
    const data = join(temporaryFolder(), "kept");
    const { status, stderr } = await smki([
      ...["demo", "--exit", "--meters", "3", "--alter-stored-byte", "--data", data],
    ]);
    expect(status).toBe(1);
    const serialNumber = /stored certificate ([0-9a-f]{32}) was altered/.exec(stderr)?.[1];
    expect(serialNumber).toBeDefined();
    expect(stderr).toContain(`certificate ${serialNumber ?? ""} has other bytes than were issued`);
    expect(stderr).toMatch(/[1-3] of 6 Device Certificates do not verify: 00db12346000000[0-2] (DS|KA): /);
    expect(stderr).toContain("[DEMO_CHECK_FAILED]");
    for (const kept of ["postgresql", "keys", "ceremonies", "demo/credentials", "log/service.log"])
      expect(existsSync(join(data, kept)), kept).toBe(true);
  });

  test("needs neither openssl nor pkcs11js, says so, stays up until Ctrl-C, and removes its temporary folder", async () => {
    const temporary = temporaryFolder();
    const nothing = join(temporaryFolder(), "bin");
    mkdirSync(nothing);
    const demo = startSmki(["demo", "--meters", "3"], {
      env: { TMPDIR: temporary, PATH: nothing, NODE_OPTIONS: `--import="${withoutPkcs11js}"` },
    });
    await until(() => (demo.stdout().includes("Ctrl-C stops it") ? true : undefined), 60_000);
    const said = demo.stdout();
    expect(said).toContain("the openssl command is not installed here");
    expect(said).toContain("6 Device Certificates verified with Node.js");
    expect(said).toContain("for development; a live service uses a PKCS#11 module");
    expect(said).not.toMatch(/verified with OpenSSL/);
    expect(said).toMatch(/All of it held/);
    const data = join(temporary, readdirSync(temporary)[0] ?? "");
    if (hasProc) expect(processesOn(data).map(({ role }) => role)).toContain("serve");
    demo.interrupt();
    const { status, stderr } = await demo.ended;
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
    if (hasProc) await untilNothingRunsOn(data);
  });
});
