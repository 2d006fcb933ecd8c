import { describe, expect, test } from "vitest";
import { judgeLeftover, type Leftover, type ServerPlace } from "./server-place.ts";

const here: ServerPlace = {
  host: "a",
  machine: "m1",
  boot: "boot-1",
  pidNamespace: "pid:[1]",
  networkNamespace: "net:[1]",
};
const leftover = (place: Partial<ServerPlace>, known: Partial<Leftover> = {}, locked = true) =>
  judgeLeftover({
    record: { ...here, ...place, locked },
    here,
    lock: "taken",
    hasLockFile: true,
    isSeen: false,
    isOnLocalDisk: false,
    ...known,
  });
const elsewhere: readonly [Partial<ServerPlace>][] = [
  [{ pidNamespace: "pid:[2]" }],
  [{ networkNamespace: "net:[2]" }],
  [{ pidNamespace: "pid:[2]", networkNamespace: "net:[2]", host: "b" }],
];

describe("a server that holds its lock", () => {
  test("is an orphan that may be stopped where it was started here", () => {
    expect(leftover({}, { lock: "busy", isSeen: true })).toBe("stop");
  });
  test.each(elsewhere)("is left alone where it was started in %o, seen or not", (place) => {
    for (const isSeen of [true, false])
      expect(leftover(place, { lock: "busy", isSeen, isOnLocalDisk: true })).toBe("elsewhere");
  });
  test("is left alone where nobody wrote down its place", () => {
    expect(leftover({}, { lock: "busy", record: undefined })).toBe("elsewhere");
  });
});

describe("a postmaster.pid whose server held its lock, which is now free", () => {
  test.each([[here], ...elsewhere])(
    "is of a server that is gone, wherever it ran on this kernel: %o",
    (place) => {
      expect(leftover(place)).toBe("gone");
    },
  );
});

describe("a postmaster.pid without a lock to go by", () => {
  const unknown = { lock: "unknown" } as const;
  test("of this place is judged by the processes seen", () => {
    expect(leftover({}, { ...unknown, isSeen: true }, false)).toBe("stop");
    expect(leftover({}, unknown, false)).toBe("gone");
    expect(leftover({}, unknown, true)).toBe("gone");
  });
  test("of another process namespace is never believed to be dead", () => {
    expect(leftover({ pidNamespace: "pid:[2]" }, unknown)).toBe("elsewhere");
    expect(leftover({ pidNamespace: "pid:[2]" }, {}, false)).toBe("elsewhere");
  });
  test("of another network namespace is of a dead server only when none is seen", () => {
    expect(leftover({ networkNamespace: "net:[2]" }, { ...unknown, isSeen: true })).toBe("elsewhere");
    expect(leftover({ networkNamespace: "net:[2]" }, unknown)).toBe("gone");
  });
  test("and without a record of its place is refused", () => {
    expect(leftover({}, { record: undefined, isOnLocalDisk: true })).toBe("elsewhere");
  });
});

describe("a postmaster.pid of another boot", () => {
  const before = { boot: "boot-0", pidNamespace: "pid:[2]" };
  test("on a disk that only one kernel mounts is of a dead server, whatever the host was called", () => {
    expect(leftover({ ...before, host: "b", machine: "m2" }, { isOnLocalDisk: true })).toBe("gone");
  });
  test("on a shared disk is of a dead server only when this machine wrote it", () => {
    expect(leftover(before)).toBe("gone");
    expect(leftover({ ...before, host: "b" })).toBe("elsewhere");
    expect(leftover({ ...before, machine: "m2" })).toBe("elsewhere");
    const nameless = { here: { ...here, machine: "-" } };
    expect(leftover({ ...before, machine: "-" }, nameless)).toBe("elsewhere");
  });
});

test("where the system names neither boot nor namespace, the same host goes by its processes", () => {
  const nothing = { machine: "-", boot: "-", pidNamespace: "-", networkNamespace: "-" };
  const known = { here: { ...here, ...nothing }, lock: "unknown" } as const;
  expect(leftover(nothing, { ...known, isSeen: true })).toBe("stop");
  expect(leftover(nothing, known)).toBe("gone");
  expect(leftover({ ...nothing, host: "b" }, known)).toBe("elsewhere");
});

test("without a postmaster.pid and without a lock held nothing runs", () => {
  expect(leftover({ host: "b", boot: "boot-0" }, { hasLockFile: false })).toBe("gone");
});
