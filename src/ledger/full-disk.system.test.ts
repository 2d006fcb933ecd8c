import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mayMount, smallDisk } from "../database/testkit/small-disk.ts";
import { createCheckpointSigner } from "./checkpoint-signer.ts";
import { formatVerifierKey } from "./note.ts";
import { runSequencer } from "./sequencer.ts";
import { testActs, testLedger, testOrigin, testTime } from "./testkit.ts";
import { verifyLedger } from "./verify-ledger.ts";

describe.skipIf(!mayMount)("A full disk under the signer's last checkpoint [needs root and mount]", () => {
  test("pauses the sequencer with a code, keeps the old checkpoint, and lets it go on when there is room", async (context) => {
    const disk = smallDisk(1) ?? context.skip("mount is not allowed here");
    const ledger = await testLedger();
    try {
      const storePath = join(disk.folder, "last-checkpoint");
      const signer = await createCheckpointSigner({
        signer: ledger.key,
        keyLabel: "ledger",
        origin: testOrigin,
        storePath,
      });
      await ledger.record(testActs(10));
      const { checkpoint } = await ledger.sequence({ signer });
      disk.fill();
      await ledger.record(testActs(10, 10));
      const stop = new AbortController();
      const troubles: unknown[] = [];
      const checkpoints: number[] = [];
      await runSequencer({
        database: ledger.database,
        signer,
        clock: () => testTime,
        intervalMs: 10,
        abortSignal: stop.signal,
        onTrouble: (error) => {
          troubles.push(error);
          // Whole, and the one before.
          expect(readFileSync(storePath, "utf8")).toBe(checkpoint.note);
          if (troubles.length === 3) disk.makeRoom();
        },
        onCheckpoint: ({ size }) => {
          checkpoints.push(size);
          stop.abort();
        },
      });
      expect(checkpoints).toEqual([20]);
      for (const trouble of troubles)
        expect(trouble).toMatchObject({ code: "KEY_STORE_WRITE_FAILED", details: { reason: "ENOSPC" } });
      const verifierKey = formatVerifierKey(signer.verifier);
      expect(
        await verifyLedger(ledger.database, { verifierKey, knownCheckpoints: [checkpoint.note] }),
      ).toMatchObject({ holds: true, size: 20, signedSize: 20 });
    } finally {
      await ledger.drop();
      disk.remove();
    }
  });
});
