import { Command } from "commander";
import { type Authority, listAuthorities } from "../../authorities/authorities.ts";
import { releaseStock } from "../../authorities/ceremony/release-stock.ts";
import { authorityStanding } from "../../authorities/standing.ts";
import { encodeListPem, encodePem, parseCrl, readCrlFields } from "../../certificates/index.ts";
import { collect, wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { earlierRevocationList, issuerCertificate, revocationList } from "../../repository/repository.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki authority`: the CAs, and the release of Issuing DCAs from the stock. */
export function authorityCommand(): Command {
  return new Command("authority")
    .description("shows the CAs, their certificates and lists; releases Issuing DCAs from the stock")
    .addCommand(listCommand())
    .addCommand(releaseCommand())
    .addCommand(certificateCommand())
    .addCommand(revocationListCommand());
}

function listCommand(): Command {
  return withEstateOptions(new Command("list"))
    .description("shows every CA, and what needs a person")
    .action((options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        const { authorities, standing } = await estate.database.read(async (tx) => ({
          authorities: await listAuthorities(tx),
          standing: await authorityStanding(tx, estate.rules, estate.clock()),
        }));
        const rows = inHierarchy(authorities).map((authority) => [
          authority.id,
          authority.state,
          String(authority.reserved),
          authority.serialNumber,
        ]);
        output.answer(
          {
            authorities: authorities.map(({ id, profile, state, reserved, serialNumber }) => ({
              id,
              profile,
              state,
              reserved,
              serialNumber,
            })),
            ...standing,
          },
          table(["CA", "state", "counted", "serial number"], rows),
        );
        for (const warning of standing.warnings) output.warn(warning);
      }),
    );
}

function releaseCommand(): Command {
  return withEstateOptions(new Command("release"))
    .description("releases Issuing DCAs from the stock for use; takes two persons")
    .requiredOption("--by <name>", "a person who releases; give it once for each, two at least", collect)
    .option("--count <number>", "how many", wholeNumber(1, 1_000), 1)
    .addHelpText(
      "after",
      '\nExample:\n  smki authority release --count 2 --by "Ada Byron" --by "Alan Mathison"',
    )
    .action((options: EstateOptions & { by: readonly string[]; count: number }) =>
      withEstate(options, async (estate, output) => {
        const released = await estate.database.transaction((tx) =>
          releaseStock(
            tx,
            options.count,
            options.by,
            estate.rules.stockReleasePersons.value,
            operatorAtMachine().name,
            estate.clock(),
          ),
        );
        for (const id of released) output.done(`${id} released`);
        output.answer({ released });
      }),
    );
}

function certificateCommand(): Command {
  return withEstateOptions(new Command("certificate"))
    .description("prints a CA's certificate, PEM")
    .argument("<authority>", "for example root-oca or issuing-dca/0001")
    .action((id: string, options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const { certificate } = await database.read((tx) => issuerCertificate(tx, id));
        const pem = encodePem(certificate);
        output.answer({ authority: id, certificate: pem }, pem.trimEnd());
      }),
    );
}

function revocationListCommand(): Command {
  return withEstateOptions(new Command("revocation-list"))
    .description("prints the CRL of an issuing CA, or ARL of a root, PEM: the current one or any before it")
    .argument("<authority>", "for example issuing-oca")
    .option(
      "--number <number>",
      "of the list (default: the current one)",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .action((id: string, options: EstateOptions & { number?: number }) =>
      withEstate(options, async ({ database }, output) => {
        const list = await database.read(async (tx) =>
          options.number === undefined
            ? (await revocationList(tx, id)).list
            : earlierRevocationList(tx, id, options.number),
        );
        const { number, nextUpdate } = readCrlFields(parseCrl(list));
        const pem = encodeListPem(list);
        output.answer({ authority: id, number: Number(number), nextUpdate, list: pem }, pem.trimEnd());
      }),
    );
}

const order: readonly Authority["profile"][] = [
  "root-oca",
  "issuing-oca",
  "root-dca",
  "issuing-dca",
  "iki-root",
  "iki-issuing",
];

/** Roots before what they certify. */
function inHierarchy(authorities: readonly Authority[]): Authority[] {
  return authorities.toSorted((left, right) => order.indexOf(left.profile) - order.indexOf(right.profile));
}
