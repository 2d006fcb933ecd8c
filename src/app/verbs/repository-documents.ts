import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import { table } from "../../cli/output.ts";
import { fileUnwritable } from "../../cli/output-file.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { type DocumentOwner, documentOwners } from "../../repository/documents/document.ts";
import { documentTypeOfFile, documentTypes } from "../../repository/documents/document-types.ts";
import { findVersion, listDocuments, lodgeDocument, octetsOf } from "../../repository/documents/documents.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** `smki repository document`: what the SMKI Repository holds beside certificates and lists. */
export function documentCommand(): Command {
  return new Command("document")
    .description("lodges documents in the SMKI Repository, shows and gives every version of them")
    .addCommand(lodgeCommand())
    .addCommand(listCommand())
    .addCommand(getCommand());
}

interface LodgeOptions extends EstateOptions {
  readonly for: DocumentOwner;
  readonly title?: string;
  readonly reference?: string;
}

const extensions = documentTypes.map(({ extension }) => `.${extension}`).join(", ");

function lodgeCommand(): Command {
  return withEstateOptions(new Command("lodge"))
    .description("lodges a version of a document; it never changes")
    .argument("<document>", "its name, for example device-certificate-policy")
    .argument("<version>", "for example 2.0")
    .argument("<file>", extensions)
    .addOption(
      new Option("--for <owner>", "who has it lodged; for the others the Service Desk does")
        .choices(documentOwners)
        .default("dcc"),
    )
    .option("--title <title>", "of a document that is new and not one of SEC L5.1")
    .option(
      "--reference <text>",
      "under which the check of the officer's identity, or the PMA's direction, is filed",
    )
    .action((document: string, version: string, file: string, options: LodgeOptions) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const type = documentTypeOfFile(file);
        if (type === undefined)
          throw new SmkiError("DOCUMENT_INVALID", {
            field: "file",
            expected: `a name that ends in ${extensions}`,
          });
        const lodging = {
          ...{ document, version, for: options.for },
          mediaType: type.mediaType,
          ...(options.title === undefined ? {} : { title: options.title }),
          ...(options.reference === undefined ? {} : { reference: options.reference }),
        };
        const lodged = await lodgeDocument(database, operatorAtMachine(), lodging, () => read(file), {
          rules,
          at: clock(),
        });
        output.answer(
          lodged,
          `Lodged: ${lodged.title}, version ${version}, ${String(lodged.octets)} octets.\nIts SHA-256, which the ledger has too: ${lodged.sha256}`,
        );
      }),
    );
}

async function* read(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of createReadStream(file)) yield part as Buffer;
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
  }
}

function listCommand(): Command {
  return withEstateOptions(new Command("list"))
    .description("shows every version of every document, the highest first")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const versions = await database.read(listDocuments);
        const rows = versions.map((one) => [
          one.document,
          one.version,
          one.title,
          String(one.octets),
          one.lodgedAt.toISOString(),
          one.sha256,
        ]);
        output.answer(
          versions,
          rows.length === 0
            ? "No documents. Lodge one with `smki repository document lodge`."
            : table(["document", "version", "title", "octets", "lodged", "SHA-256"], rows),
        );
      }),
    );
}

function getCommand(): Command {
  return withEstateOptions(new Command("get"))
    .description("gives a version into a file, its octets checked against the SHA-256 that was recorded")
    .argument("<document>", "its name")
    .argument("<version>", "for example 2.0")
    .argument("<file>", "where to")
    .action((document: string, version: string, file: string, options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const found = await database.read((tx) => findVersion(tx, document, version));
        await writeWhole(file, octetsOf(database, found));
        output.answer({ ...found, file }, `${found.title}, version ${version}: ${file}`);
      }),
    );
}

/** The file is there whole or not at all. */
async function writeWhole(file: string, octets: AsyncIterable<Buffer>): Promise<void> {
  const unfinished = `${file}.${String(process.pid)}.part`;
  try {
    const handle = await open(unfinished, "wx");
    await pipeline(Readable.from(octets), handle.createWriteStream({ flush: true }));
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw isSmkiError(cause) ? cause : fileUnwritable(file, cause);
  }
}
