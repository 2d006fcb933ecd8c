import { Command, Option } from "commander";
import { requestRevocation } from "../../authorities/revocation/request-revocation.ts";
import { markNotInUse, type PermittedReason, permittedReasons } from "../../authorities/revocation/revoke.ts";
import {
  decodeCsrText,
  encodePem,
  eui64,
  formatEui64,
  normaliseSerialNumber,
  type RemotePartyRole,
  type SerialNumber,
} from "../../certificates/index.ts";
import { readInputFile } from "../../cli/input-file.ts";
import { table } from "../../cli/output.ts";
import { writeOutputFile } from "../../cli/output-file.ts";
import { findParty } from "../../registration/registration.ts";
import {
  type CertificateSearch,
  type RepositoryCertificate,
  retrieveCertificate,
  searchCertificates,
} from "../../repository/repository.ts";
import { type CertificateStatus, certificateStatuses } from "../../repository/status.ts";
import { requestCertificate } from "../estate/request.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";
import { roleOf } from "./role-option.ts";

/** The verb `smki certificate`: issue, find, revoke. */
export function certificateCommand(): Command {
  return new Command("certificate")
    .description("issues, finds and revokes Device and Organisation Certificates")
    .addCommand(issueCommand())
    .addCommand(searchCommand())
    .addCommand(getCommand())
    .addCommand(revokeCommand())
    .addCommand(notInUseCommand());
}

interface IssueOptions extends EstateOptions {
  readonly kind: "device" | "organisation";
  readonly party: string;
  readonly out?: string;
}

function issueCommand(): Command {
  return withEstateOptions(new Command("issue"))
    .description("has one certificate issued by the running service")
    .argument("<csr>", "file of the CSR: PEM or Base64")
    .addOption(
      new Option("--kind <kind>", "of certificate").choices(["device", "organisation"]).makeOptionMandatory(),
    )
    .requiredOption("--party <name>", "on whose behalf")
    .option("--out <file>", "where to write the certificate (default: standard output)")
    .addHelpText(
      "after",
      '\nExample:\n  smki certificate issue meter.csr --kind device --party "Sample Meters GmbH" --out meter.pem',
    )
    .action((file: string, options: IssueOptions) =>
      withEstate(options, async (estate, output) => {
        const csr = decodeCsrText(readInputFile(file));
        const party = await estate.database.read((tx) => findParty(tx, options.party));
        const submission = { reference: file, partyId: party.id };
        const issued = await requestCertificate(estate, operatorAtMachine(), options.kind, submission, csr);
        const pem = encodePem(issued.certificate);
        if (options.out !== undefined) writeOutputFile(options.out, pem);
        output.answer(
          { serialNumber: issued.serialNumber, certificate: pem },
          options.out === undefined
            ? pem.trimEnd()
            : `Certificate ${issued.serialNumber} issued: ${options.out}`,
        );
      }),
    );
}

interface SearchOptions extends EstateOptions {
  readonly device?: string;
  readonly organisation?: string;
  readonly role?: RemotePartyRole;
  readonly serial?: string;
  readonly usage?: "DS" | "KA" | "CA";
  readonly status?: CertificateStatus;
}

function searchCommand(): Command {
  return withEstateOptions(new Command("search"))
    .description("searches the repository")
    .option("--device <eui>", "EUI-64 of a device")
    .option("--organisation <eui>", "EUI-64 of an organisation")
    .option("--role <role>", "a Remote Party Role: code in hexadecimal, or name such as supplier", roleOf)
    .option("--serial <number>", "serial number: either case, leading zeros dropped or not")
    .addOption(new Option("--usage <usage>", "DS, KA or CA").choices(["DS", "KA", "CA"]))
    .addOption(
      new Option("--status <status>", "P pending, I in use, N not in use, E expired, R revoked").choices(
        certificateStatuses,
      ),
    )
    .action((options: SearchOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        const { device, organisation, role, serial, usage, status } = options;
        const search: CertificateSearch = {
          ...(device === undefined ? {} : { device: eui64(device) }),
          ...(organisation === undefined ? {} : { organisation: eui64(organisation) }),
          ...(role === undefined ? {} : { role }),
          ...(serial === undefined ? {} : { serialNumber: normaliseSerialNumber(serial) }),
          ...(usage === undefined ? {} : { usage }),
          ...(status === undefined ? {} : { status }),
        };
        const found = await database.read((tx) => searchCertificates(tx, search, clock()));
        const rows = found.map((certificate) => [
          certificate.serialNumber,
          certificate.status,
          certificate.kind,
          certificate.usage,
          certificate.subjectIdentifier === undefined ? "" : formatEui64(certificate.subjectIdentifier),
        ]);
        output.answer(
          found.map(outline),
          rows.length === 0
            ? "No certificate matches."
            : table(["serial number", "status", "kind", "use", "EUI-64"], rows),
        );
      }),
    );
}

const outline = (certificate: RepositoryCertificate) => ({
  serialNumber: certificate.serialNumber,
  status: certificate.status,
  kind: certificate.kind,
  usage: certificate.usage,
  subjectIdentifier: certificate.subjectIdentifier,
  certificate: encodePem(certificate.certificate),
});

function getCommand(): Command {
  return withEstateOptions(new Command("get"))
    .description("prints one certificate, PEM")
    .argument("<serial-number>", "hexadecimal; either case, leading zeros dropped or not")
    .action((serial: string, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        const serialNumber = normaliseSerialNumber(serial);
        const certificate = await database.read((tx) => retrieveCertificate(tx, serialNumber, clock()));
        output.answer(outline(certificate), encodePem(certificate.certificate).trimEnd());
      }),
    );
}

function revokeCommand(): Command {
  return withEstateOptions(new Command("revoke"))
    .description("revokes an Organisation or IKI Certificate at once; a Device Certificate cannot be revoked")
    .argument("<serial-number>")
    .addOption(new Option("--reason <reason>", "the ground").choices(permittedReasons).makeOptionMandatory())
    .action((serial: string, options: EstateOptions & { reason: PermittedReason }) =>
      withEstate(options, async ({ database, clock }, output) => {
        const serialNumber: SerialNumber = normaliseSerialNumber(serial);
        await database.transaction((tx) =>
          requestRevocation(tx, operatorAtMachine(), serialNumber, options.reason, clock()),
        );
        output.answer(
          { revoked: serialNumber },
          `Certificate ${serialNumber} is revoked. A running service puts it on the CRL within seconds.`,
        );
      }),
    );
}

function notInUseCommand(): Command {
  return withEstateOptions(new Command("not-in-use"))
    .description(
      "marks a Device Certificate as not in use: rejected by its Subscriber, or on no device any more",
    )
    .argument("<serial-number>")
    .requiredOption("--reason <text>", "why")
    .action((serial: string, options: EstateOptions & { reason: string }) =>
      withEstate(options, async ({ database, clock }, output) => {
        const serialNumber = normaliseSerialNumber(serial);
        const mark = { serialNumber, reason: options.reason, reportedBy: operatorAtMachine().name };
        await database.transaction((tx) => markNotInUse(tx, mark, clock()));
        output.answer({ notInUse: serialNumber }, `Certificate ${serialNumber} is marked as not in use.`);
      }),
    );
}
