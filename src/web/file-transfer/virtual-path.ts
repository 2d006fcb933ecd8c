import { posix } from "node:path";

/** What a path of the file transfer names. It never becomes a path of the disk. */
export type VirtualPath =
  | { readonly kind: "root" }
  | { readonly kind: "extract"; readonly extract: string }
  | { readonly kind: "file"; readonly extract: string; readonly file: string };

const longestPath = 1_000;

/** A path as it is seen from inside: from the root, without `.` and `..`, which lead nowhere above it. */
export const canonicalPath = (path: string): string =>
  posix.normalize(`/${path.slice(0, longestPath)}`).replace(/(?!^)\/$/, "");

/** Reads a path. @returns undefined for one deeper than the files lie, or with octets that no name has */
export function readVirtualPath(path: string): VirtualPath | undefined {
  if (path.length > longestPath || !/^[\x20-\x7e]*$/.test(path)) return undefined;
  const [extract, file, ...deeper] = canonicalPath(path)
    .split("/")
    .filter((part) => part !== "");
  if (extract === undefined) return { kind: "root" };
  if (file === undefined) return { kind: "extract", extract };
  return deeper.length === 0 ? { kind: "file", extract, file } : undefined;
}
