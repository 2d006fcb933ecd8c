import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SmkiError } from "../errors/smki-error.ts";

/** One numbered file of SQL. */
export interface Migration {
  readonly number: number;
  /** The file's name, for example `0001-estate.sql`. */
  readonly name: string;
  readonly statements: string;
  readonly sha256: Buffer;
}

/** Beside this file, in the sources as in the build. */
export const migrationFolder = join(import.meta.dirname, "migrations");

/**
 * Reads the migrations of this release in their order.
 *
 * @throws SmkiError MIGRATION_FILES_INVALID when a name has another form, or a number stands twice
 */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted();
  const migrations = names.map((name): Migration => {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(name)) throw new SmkiError("MIGRATION_FILES_INVALID", { file: name });
    // A checkout may have changed the ends of lines; that changes nothing.
    const statements = readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n");
    const sha256 = createHash("sha256").update(statements).digest();
    return { number: Number(name.slice(0, 4)), name, statements, sha256 };
  });
  migrations.forEach((migration, index) => {
    if (migration.number === migrations[index - 1]?.number)
      throw new SmkiError("MIGRATION_FILES_INVALID", { file: migration.name, number: migration.number });
  });
  return migrations;
}
