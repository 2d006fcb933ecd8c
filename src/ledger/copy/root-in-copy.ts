import { SmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { parseLedgerKey } from "../note.ts";
import { rootFromTiles } from "../tree/proof.ts";
import { tilePath } from "../tree/tile.ts";
import { CheckedTiles, sourceDamaged } from "./checked-tiles.ts";
import { CopyFolder, checkpointName } from "./copy-folder.ts";

/**
 * The root that a copied ledger had at a size, from a few of its tiles, each checked against its checkpoint.
 *
 * @param verifierKey - the ledger's
 * @returns undefined when the copy has fewer leaves
 * @throws SmkiError LEDGER_COPY_MISSING, LEDGER_NOTE_UNVERIFIED, LEDGER_COPY_SOURCE_DAMAGED
 */
export async function rootInCopy(
  path: string,
  verifierKey: string,
  size: number,
): Promise<Buffer | undefined> {
  const folder = new CopyFolder(path);
  const note = await folder.readText(checkpointName);
  if (note === undefined) throw new SmkiError("LEDGER_COPY_MISSING", { folder: path, file: checkpointName });
  const checkpoint = openCheckpoint(note, parseLedgerKey(verifierKey));
  if (size > checkpoint.size) return undefined;
  const tiles = await CheckedTiles.open(checkpoint, async (address, accepts) => {
    const octets = await folder.read(tilePath(address));
    if (octets === undefined || !accepts(octets)) throw sourceDamaged(address);
    return octets;
  });
  return rootFromTiles(size, tiles.readTiles);
}
