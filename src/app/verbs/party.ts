import { Command, Option } from "commander";
import { eui64, formatEui64, remotePartyRoleEntry } from "../../certificates/index.ts";
import { collect } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import {
  type IdentifierRange,
  type PartyCategory,
  type PartyRegistration,
  partyCategories,
} from "../../registration/party.ts";
import {
  appointOfficer,
  approveSubscriber,
  findParty,
  listParties,
  partyMembers,
  registerParty,
} from "../../registration/registration.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";
import { roleOf } from "./role-option.ts";

/** The verb `smki party`: the Registration Authority's list of Parties. */
export function partyCommand(): Command {
  return new Command("party")
    .description("registers Parties, approves them as Authorised Subscribers, adds their officers")
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(approveCommand())
    .addCommand(officerCommand());
}

interface AddOptions extends EstateOptions {
  readonly category: readonly PartyCategory[];
  readonly companyNumber?: string;
  readonly signifier?: string;
  readonly role?: readonly string[];
  readonly eui?: readonly string[];
  readonly range?: readonly string[];
}

function addCommand(): Command {
  return withEstateOptions(new Command("add"))
    .description("registers a Party with what is allocated to it")
    .argument("<name>", "its name")
    .addOption(
      new Option(
        "--category <category>",
        `what it is; may be given several times: ${partyCategories.join(", ")}`,
      )
        .makeOptionMandatory()
        .argParser(category),
    )
    .option("--company-number <number>", "as registered at Companies House")
    .option("--signifier <signifier>", "under which the Code Administrator lists it")
    .option("--role <role>", "a Remote Party Role: code in hexadecimal, or name such as supplier", collect)
    .option("--eui <identifier>", "an EUI-64 identifier of the Party itself", collect)
    .option("--range <first..last>", "a range of EUI-64 identifiers of devices", collect)
    .addHelpText(
      "after",
      `
Example:
  smki party add "Sample Supply Ltd" --category large-supplier --role supplier --eui 70-B3-D5-1F-30-01-00-00`,
    )
    .action((name: string, options: AddOptions) =>
      withEstate(options, async (estate, output) => {
        const registration: PartyRegistration = {
          name,
          categories: options.category,
          roles: (options.role ?? []).map(roleOf),
          identifiers: (options.eui ?? []).map(eui64),
          ranges: (options.range ?? []).map(rangeOf),
          ...(options.companyNumber === undefined ? {} : { companyNumber: options.companyNumber }),
          ...(options.signifier === undefined ? {} : { signifier: options.signifier }),
        };
        const id = await estate.database.transaction((tx) =>
          registerParty(tx, operatorAtMachine(), registration, estate.clock()),
        );
        output.answer({ party: id }, `Party ${String(id)} registered: ${name}`);
      }),
    );
}

function category(value: string, values: readonly PartyCategory[] = []): readonly PartyCategory[] {
  const known = partyCategories.find((candidate) => candidate === value);
  if (known === undefined)
    throw new SmkiError("PARTY_INVALID", {
      field: "category",
      problem: `"${value}" is none of ${partyCategories.join(", ")}`,
    });
  return [...values, known];
}

function rangeOf(text: string) {
  const [first = "", last = ""] = text.split("..");
  return { first: eui64(first), last: eui64(last) };
}

function listCommand(): Command {
  return withEstateOptions(new Command("list"))
    .description("shows every Party")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const parties = await database.read(listParties);
        const rows = parties.map((party) => [
          String(party.id),
          party.name,
          party.categories.join(", "),
          party.authorisedSubscriberFor.join(", "),
        ]);
        output.answer(
          parties,
          rows.length === 0
            ? "No Party is registered yet. Register one with `smki party add`."
            : table(["Party", "name", "categories", "Authorised Subscriber for"], rows),
        );
      }),
    );
}

function showCommand(): Command {
  return withEstateOptions(new Command("show"))
    .description("shows one Party: what is allocated to it, its officers, its credentials")
    .argument("<name>", "its name or signifier")
    .action((name: string, options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const { party, members } = await database.read(async (tx) => {
          const found = await findParty(tx, name);
          return { party: found, members: await partyMembers(tx, found.id) };
        });
        const roles = party.roles.map((role) => remotePartyRoleEntry(role).name).join(", ");
        const facts = [
          ["categories", party.categories.join(", ")],
          ["roles", roles],
          ["EUI-64 identifiers", party.identifiers.map(formatEui64).join(", ")],
          ["EUI-64 ranges", party.ranges.map(rangeText).join(", ")],
          [
            "Authorised Subscriber",
            party.authorisedSubscriberFor.join(", ") || "not yet: `smki party approve`",
          ],
          ...members.officers.map((officer) => [
            `officer ${String(officer.id)}`,
            `${officer.name}, ${officer.office}${officer.left ? " (left)" : ""}`,
          ]),
          ...members.credentials.map((credential) => [
            `credential for ${credential.subscriberFor}`,
            `${credential.serialNumber}, ${credential.system ?? `officer ${String(credential.officer)}`}${credential.ended ? " (ended)" : ""}`,
          ]),
        ].filter(([, value]) => value !== "");
        const lines = [table([`Party ${String(party.id)}`, party.name], facts)];
        output.answer({ ...party, ...members }, lines.join("\n"));
      }),
    );
}

function approveCommand(): Command {
  return withEstateOptions(new Command("approve"))
    .description("approves a Party as Authorised Subscriber under one Certificate Policy")
    .argument("<name>", "its name or signifier")
    .addOption(
      new Option("--for <policy>", "which").choices(["device", "organisation"]).makeOptionMandatory(),
    )
    .action((name: string, options: EstateOptions & { for: "device" | "organisation" }) =>
      withEstate(options, async ({ database, clock }, output) => {
        await database.transaction(async (tx) => {
          const party = await findParty(tx, name);
          await approveSubscriber(tx, operatorAtMachine(), party.id, options.for, clock());
        });
        output.answer(
          { approved: options.for },
          `${name} is an Authorised Subscriber for ${options.for} certificates.`,
        );
      }),
    );
}

function officerCommand(): Command {
  return withEstateOptions(new Command("appoint"))
    .description("adds an officer to a Party")
    .argument("<party>", "the Party's name or signifier")
    .argument("<officer>", "the officer's name")
    .addOption(
      new Option("--office <office>", "which office")
        .choices(["senior-responsible-officer", "authorised-responsible-officer"])
        .default("authorised-responsible-officer"),
    )
    .action(
      (
        name: string,
        officer: string,
        options: EstateOptions & { office: "senior-responsible-officer" | "authorised-responsible-officer" },
      ) =>
        withEstate(options, async ({ database, clock }, output) => {
          const id = await database.transaction(async (tx) => {
            const party = await findParty(tx, name);
            const appointment = { partyId: party.id, name: officer, office: options.office };
            return appointOfficer(tx, operatorAtMachine(), appointment, clock());
          });
          output.answer({ officer: id }, `Officer ${String(id)} appointed for ${name}.`);
        }),
    );
}

const rangeText = ({ first, last }: IdentifierRange): string =>
  `${formatEui64(first)} to ${formatEui64(last)}`;
