import { describe, expect, test } from "vitest";
import { UploadSlots } from "./upload-slots.ts";

const tooMany = expect.objectContaining({ code: "UPLOADS_TOO_MANY" }) as Error;
const never = new AbortController().signal;

describe("Slots of uploads", () => {
  test("are as many as were said, of which one Party has a quarter", () => {
    const slots = new UploadSlots(8);
    slots.take(1);
    const release = slots.take(1);
    expect(() => slots.take(1)).toThrow(tooMany);
    for (const owner of [2, 2, 3, 3, 4, 4]) slots.take(owner);
    expect(() => slots.take(5)).toThrow(tooMany);
    release();
    slots.take(5);
    expect(() => slots.take(1)).toThrow(tooMany);
  });

  test("are given back once, however often that is said", () => {
    const slots = new UploadSlots(4);
    const release = slots.take(1);
    release();
    slots.take(1);
    release();
    expect(() => slots.take(1)).toThrow(tooMany);
  });

  test("are waited for in turn; who waits behind a Party's own goes before it", async () => {
    const slots = new UploadSlots(2);
    const begun: string[] = [];
    const waitFor = (owner: number, name: string) =>
      slots.wait(owner, never).then((release) => {
        begun.push(name);
        return release;
      });
    const first = slots.take(1);
    const second = waitFor(1, "1b");
    const third = waitFor(1, "1c");
    const other = await waitFor(2, "2a");
    expect(begun).toEqual(["2a"]);
    other?.();
    // Room, but not for that Party.
    await Promise.resolve();
    expect(begun).toEqual(["2a"]);
    first();
    (await second)?.();
    await third;
    expect(begun).toEqual(["2a", "1b", "1c"]);
  });

  test("are not waited for by who has gone", async () => {
    const slots = new UploadSlots(1);
    const release = slots.take(1);
    const gone = new AbortController();
    const waiting = slots.wait(1, gone.signal);
    gone.abort();
    expect(await waiting).toBeUndefined();
    expect(await slots.wait(1, AbortSignal.abort())).toBeUndefined();
    release();
    slots.take(1);
  });
});
