import { hashOctets, leafHash } from "./tree/hash.ts";

const lengthOctets = 2;

/**
 * Takes a bundle of entries apart: each is led by its length in two octets, big-endian (C2SP tlog-tiles, "Log
 * entries").
 *
 * @param count - entries that it must hold
 * @returns undefined when it does not hold exactly so many, with nothing after the last
 */
export function splitBundle(bundle: Buffer, count: number): Buffer[] | undefined {
  const entries: Buffer[] = [];
  let at = 0;
  while (entries.length < count && at + lengthOctets <= bundle.length) {
    const end = at + lengthOctets + bundle.readUInt16BE(at);
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(at + lengthOctets, end));
    at = end;
  }
  return entries.length === count && at === bundle.length ? entries : undefined;
}

/** True when the bundle holds the entries that a level-0 tile is made of. */
export function bundleHasHashes(bundle: Buffer, tile: Buffer): boolean {
  const entries = splitBundle(bundle, tile.length / hashOctets);
  return entries !== undefined && Buffer.concat(entries.map(leafHash)).equals(tile);
}
