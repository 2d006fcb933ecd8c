import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import type { ManifestFile } from "../manifest.ts";
import { headings, longestLine } from "../rows.ts";

/** What was found of a file once it was read to its end, or could not be. */
export interface FileJudgement {
  /** One sentence of what is wrong with it; undefined when it is as the manifest says. */
  problem?: string;
}

const pieceOctets = 1 << 20;

/**
 * The lines of a file of rows without its headings, in constant memory. What is wrong with the file is told in the
 * judgement, which is complete once the lines have ended.
 */
export async function* readLines(
  folder: string,
  file: ManifestFile,
  judgement: FileJudgement,
): AsyncGenerator<string> {
  const hash = createHash("sha256");
  let octets = 0;
  const source = createReadStream(join(folder, file.name), { highWaterMark: pieceOctets });
  const meter = new Transform({
    transform: (chunk: Buffer, _, done) => {
      octets += chunk.length;
      hash.update(chunk);
      // A file that goes on behind its end is not read to the end of the world.
      done(octets > file.octets ? new Error("it is longer than the manifest says") : null, chunk);
    },
  });
  const text = source.pipe(meter).pipe(createZstdDecompress({ chunkSize: pieceOctets }));
  source.on("error", (error) => meter.destroy(error));
  meter.on("error", (error) => text.destroy(error));
  let rows = -1;
  let rest = "";
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) throw new Error("it has a line that is too long");
      for (const line of lines) {
        rows += 1;
        if (rows > file.count) throw new Error("it has more rows than the manifest says");
        if (rows > 0) yield line;
        else if (line !== headings[file.rows].join(",")) throw new Error("it has other headings");
      }
    }
    if (rest !== "") throw new Error("its last line is cut short");
    if (rows !== file.count)
      throw new Error(`it has ${String(Math.max(0, rows))} rows, the manifest says ${String(file.count)}`);
    if (octets !== file.octets) throw new Error("it is shorter than the manifest says");
    if (hash.digest("hex") !== file.sha256) throw new Error("its SHA-256 is not that of the manifest");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    judgement.problem = code === "ENOENT" ? "it is not there" : message;
  } finally {
    source.destroy();
    text.destroy();
  }
}
