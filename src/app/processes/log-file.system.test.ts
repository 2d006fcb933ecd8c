import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";
import { foundedEstate, up } from "./testkit/estates.ts";
import { cleanUp, until, untilNothingRunsOn } from "./testkit/smki.ts";

const hasProc = existsSync("/proc/self/environ");

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-"));
  path = join(folder, "log", "service.log");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (size = 1_000, kept = 3): LogFile => new LogFile(path, { size, kept });
const lines = (first: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `{"line":${String(first + index)}}\n`).join("");
const read = (name = path): string => readFileSync(name, "utf8");
const names = (): string[] => readdirSync(join(folder, "log")).toSorted();

describe("the service's log", () => {
  test("is put aside when it is larger than it may be, and not before", () => {
    const log = open();
    appendFileSync(path, lines(0, 50));
    log.trim();
    expect(names()).toEqual(["service.log"]);
    appendFileSync(path, lines(50, 50));
    log.trim();
    expect(read()).toBe("");
    expect(read(`${path}.1`)).toBe(lines(0, 100));
    expect([path, `${path}.1`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
    log.close();
  });

  test("keeps so many and no more, the newest as .1", () => {
    const log = open();
    for (let round = 0; round < 6; round += 1) {
      appendFileSync(path, lines(round * 100, 100));
      log.trim();
    }
    expect(names()).toEqual(["service.log", "service.log.1", "service.log.2", "service.log.3"]);
    expect([1, 2, 3].map((number) => read(`${path}.${String(number)}`))).toEqual(
      [500, 400, 300].map((first) => lines(first, 100)),
    );
    log.close();
  });

  test("goes on for a process that writes by the descriptor that it was started with", async () => {
    const log = open();
    const script = `
      const { writeSync } = require("node:fs");
      let line = 0;
      setInterval(() => { for (let n = 0; n < 20; n += 1) writeSync(2, JSON.stringify({ line: line++ }) + "\\n"); }, 2);
    `;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", log.descriptor] });
    for (let round = 0; round < 40; round += 1) {
      await sleep(10);
      log.trim();
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(`${path}.3`)).toBe(true);
    // Whole lines in their order: the end of one file is followed by the beginning of the next.
    const text = [3, 2, 1].map((number) => read(`${path}.${String(number)}`)).join("") + read();
    const numbers = text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { line: number }).line);
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    expect(new Set(numbers).size).toBe(numbers.length);
    log.close();
  });

  test("that was cut short when it was copied is put aside whole at the next start", () => {
    const first = open();
    appendFileSync(path, lines(0, 100));
    first.close();
    // Killed while copying: a part of the copy is there.
    writeFileSync(`${path}.new`, lines(0, 40));
    const second = open();
    second.trim();
    expect(read(`${path}.1`)).toBe(lines(0, 100));
    expect(names()).toEqual(["service.log", "service.log.1"]);
    second.close();
  });

  test("that was killed between copying and emptying has its lines twice, and never none of them", () => {
    open().close();
    appendFileSync(path, lines(0, 100));
    writeFileSync(`${path}.1`, lines(0, 100));
    const log = open();
    log.trim();
    expect(read(`${path}.1`) + read()).toBe(lines(0, 100));
    expect(read(`${path}.2`)).toBe(lines(0, 100));
    log.close();
  });

  test("stays where it is while it cannot be copied", () => {
    const log = open();
    appendFileSync(path, lines(0, 100));
    mkdirSync(`${path}.new`);
    expect(() => {
      log.trim();
    }).toThrow();
    expect(read()).toBe(lines(0, 100));
    rmdirSync(`${path}.new`);
    log.trim();
    expect(read(`${path}.1`)).toBe(lines(0, 100));
    log.close();
  });
});

describe.skipIf(!hasProc)("A service with a log that is larger than it may be [needs /proc]", () => {
  afterAll(cleanUp);

  test("puts it aside, and goes on with it after a kill and a restart", async () => {
    const data = await foundedEstate();
    const log = join(data, "log", "service.log");
    const old = lines(0, 100_000);
    mkdirSync(join(data, "log"), { recursive: true, mode: 0o700 });
    writeFileSync(log, old, { mode: 0o600 });
    const env = { SMKI_LOG_FILE_MEGABYTES: "1" };
    const first = await up(data, { env });
    expect(read(`${log}.1`)).toBe(old);
    await until(() => (read(log).includes("listening") ? true : undefined));
    first.kill("SIGKILL");
    await first.ended;
    await untilNothingRunsOn(data);
    appendFileSync(log, old);
    const second = await up(data, { env });
    expect(read(`${log}.1`)).toContain("listening");
    expect(read(`${log}.1`).endsWith(old)).toBe(true);
    expect(read(`${log}.2`)).toBe(old);
    await until(() => (read(log).includes("at work") ? true : undefined));
    second.interrupt();
    await second.ended;
    expect(read(log)).not.toContain('{"line":');
  });
});
