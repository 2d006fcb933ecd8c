import { describe, expect, test } from "vitest";
import { runTogether } from "./run-together.ts";

const untilStopped = (stop: AbortSignal) =>
  new Promise<void>((resolve) => {
    stop.addEventListener("abort", () => {
      resolve();
    });
  });

describe("Loops that run together", () => {
  test("end when they are told to", async () => {
    const stop = new AbortController();
    const running = runTogether(stop.signal, [untilStopped, untilStopped]);
    stop.abort();
    await expect(running).resolves.toBeUndefined();
  });

  test("are all told to stop when one fails, and have ended before its failure is thrown", async () => {
    const ended: string[] = [];
    const slow = async (stop: AbortSignal) => {
      await untilStopped(stop);
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended.push("slow");
    };
    const running = runTogether(new AbortController().signal, [
      slow,
      () => Promise.reject(new Error("the first failure")),
      async (stop) => {
        await untilStopped(stop);
        throw new Error("what follows from it");
      },
    ]);
    await expect(running).rejects.toThrow("the first failure");
    expect(ended).toEqual(["slow"]);
  });
});
