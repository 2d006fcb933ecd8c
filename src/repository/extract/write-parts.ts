import { sql } from "kysely";
import { type CopyOut, openCopyOut } from "../../database/copy/copy-session.ts";
import type { Tx } from "../../database/transaction.ts";
import { lateActs } from "./late-acts.ts";
import type { ExtractContext } from "./make-extract.ts";
import { type Making, writeMaking } from "./making.ts";
import type { WritePart } from "./parts.ts";
import { writeDeltaPart } from "./write-delta.ts";
import { writeFullPart } from "./write-full.ts";

const usualPartSize = 1_000_000;

/**
 * Writes what is left to write of an extract, part by part, and writes down each part when it is durable: a crash costs
 * the part that was being written. None is left to write once all are: then nothing is read.
 */
export async function writeParts(
  context: ExtractContext & { readonly stop: AbortSignal },
  begun: Making,
): Promise<{ readonly making: Making; readonly rowOctets: number }> {
  const { folder, stop, afterStep } = context;
  let making = begun;
  let rowOctets = 0;
  if (making.next === null) return { making, rowOctets };
  await withWriter(context, making, async (writePart) => {
    for (let place = making.next; place !== null; place = making.next) {
      const part = await writePart(making, place);
      afterStep?.("part written");
      // Another process may have been elected, which writes its own.
      stop.throwIfAborted();
      rowOctets += part.rowOctets;
      making = { ...making, files: [...making.files, ...part.files], next: part.next };
      await writeMaking(folder, making);
      afterStep?.("part recorded");
    }
  });
  return { making, rowOctets };
}

function withWriter(
  {
    database,
    connectionString,
    folder,
    stop,
    partSize = usualPartSize,
  }: ExtractContext & { readonly stop: AbortSignal },
  { kind, size }: Making,
  work: (writePart: WritePart) => Promise<void>,
): Promise<void> {
  return database.read(
    async (tx) => {
      if (kind === "delta") {
        const source = { tx, folder, mostLeaves: partSize, stop };
        return work((making, place) => writeDeltaPart(source, making, place));
      }
      return withCopy(connectionString, tx, async (copy) => {
        const late = await lateActs(tx, size);
        const source = { tx, copy, late, folder, mostRows: partSize, stop };
        await work((making, place) => writeFullPart(source, making, place));
      });
    },
    { snapshot: true },
  );
}

async function withCopy(
  connectionString: string,
  tx: Tx,
  work: (copy: CopyOut) => Promise<void>,
): Promise<void> {
  const { rows } = await sql<{ snapshot: string }>`select pg_export_snapshot() as snapshot`.execute(tx);
  const copy = await openCopyOut({ connectionString }, rows[0]?.snapshot ?? "", "smki extract copy");
  try {
    await work(copy);
  } finally {
    await copy.close();
  }
}
