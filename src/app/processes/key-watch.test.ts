import { expect, test } from "vitest";
import { SmkiError } from "../../errors/smki-error.ts";
import { KeyWatch } from "./key-watch.ts";

const lostSession = new SmkiError("KEY_STORE_UNAVAILABLE", { reason: "CKR_DEVICE_REMOVED" });

/** What a watch says after events at those milliseconds. */
async function afterEvents(events: readonly (readonly [number, "signed" | Error])[]) {
  let now = 0;
  const watch = new KeyWatch(3_000, () => now);
  const stop = new AbortController();
  const watching = watch.untilLost(stop.signal);
  for (const [at, event] of events) {
    now = at;
    if (event === "signed") watch.signed();
    else watch.failed(event);
  }
  stop.abort();
  return watching.then(
    () => "kept",
    (error: unknown) => error,
  );
}

test("A key store that fails for three seconds is lost, and the failure is what is told", async () => {
  expect(
    await afterEvents([
      [0, lostSession],
      [1_500, lostSession],
      [3_000, lostSession],
    ]),
  ).toBe(lostSession);
});

test("A key store that comes back in time is kept", async () => {
  expect(
    await afterEvents([
      [0, lostSession],
      [2_999, lostSession],
      [3_000, "signed"],
      [3_100, lostSession],
      [6_000, lostSession],
    ]),
  ).toBe("kept");
});

test("Two failures an hour apart are two troubles", async () => {
  expect(
    await afterEvents([
      [0, lostSession],
      [3_600_000, lostSession],
    ]),
  ).toBe("kept");
});

test("Failures that opening the store again would not mend do not count", async () => {
  const others = [new SmkiError("KEY_NOT_FOUND"), new SmkiError("DATABASE_UNAVAILABLE"), new Error("other")];
  for (const other of others)
    expect(
      await afterEvents([
        [0, other],
        [4_000, other],
      ]),
    ).toBe("kept");
});
