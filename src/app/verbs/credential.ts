import { Command, Option } from "commander";
import { requestRevocation } from "../../authorities/revocation/request-revocation.ts";
import { decodeCsrText, encodePem, normaliseSerialNumber } from "../../certificates/index.ts";
import { wholeNumber } from "../../cli/arguments.ts";
import { readInputFile } from "../../cli/input-file.ts";
import { writeOutputFile } from "../../cli/output-file.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { WebService } from "../../registration/principal.ts";
import { findParty } from "../../registration/registration.ts";
import { requestCertificate } from "../estate/request.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki credential`: IKI Certificates of officers and systems. */
export function credentialCommand(): Command {
  return new Command("credential")
    .description("issues and ends the IKI credentials with which officers and systems use the interfaces")
    .addCommand(issueCommand())
    .addCommand(endCommand());
}

interface IssueOptions extends EstateOptions {
  readonly party: string;
  readonly officer?: number;
  readonly system?: string;
  readonly for: "device" | "organisation";
  readonly service?: WebService;
  readonly out?: string;
}

function issueCommand(): Command {
  return withEstateOptions(new Command("issue"))
    .description("issues an IKI Certificate from a CSR made on the holder's side, and grants it one hat")
    .argument("<csr>", "file of the CSR (RSA 2048; subject O, OU = role code, CN)")
    .requiredOption("--party <name>", "the holder's Party")
    .option("--officer <number>", "the officer who holds it", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--system <name>", "or the system that holds it")
    .addOption(
      new Option("--for <policy>", "the hat").choices(["device", "organisation"]).makeOptionMandatory(),
    )
    .addOption(
      new Option(
        "--service <service>",
        "of a system, the one web service of SEC Appendix M that it is for; without it, for none of the two",
      ).choices(["ad-hoc", "batched"]),
    )
    .option("--out <file>", "where to write the certificate (default: standard output)")
    .addHelpText(
      "after",
      `
The service must be running (smki up). Example, with a key that stays on the officer's machine:
  openssl req -new -newkey rsa:2048 -noenc -keyout officer.key -out officer.csr -subj "/O=Sample Supply Ltd/OU=02/CN=Sam" \\
    -addext keyUsage=critical,digitalSignature
  smki credential issue officer.csr --party "Sample Supply Ltd" --officer 1 --for organisation --out officer.pem`,
    )
    .action((file: string, options: IssueOptions) =>
      withEstate(options, async (estate, output) => {
        const csr = decodeCsrText(readInputFile(file));
        const party = await estate.database.read((tx) => findParty(tx, options.party));
        const holder = {
          partyId: party.id,
          subscriberFor: options.for,
          ...holderOf(options),
          ...(options.service === undefined ? {} : { webService: options.service }),
        };
        const submission = { reference: file, partyId: party.id, holder };
        const issued = await requestCertificate(estate, operatorAtMachine(), "iki", submission, csr);
        const pem = encodePem(issued.certificate);
        if (options.out !== undefined) writeOutputFile(options.out, pem);
        output.answer(
          { serialNumber: issued.serialNumber, certificate: pem },
          options.out === undefined
            ? pem.trimEnd()
            : `Credential ${issued.serialNumber} issued: ${options.out}`,
        );
      }),
    );
}

/** A credential is held by an officer or by a system, never both and never neither. */
function holderOf({ officer, system }: IssueOptions): { officerId: number } | { systemName: string } {
  if (system !== undefined && officer === undefined) return { systemName: system };
  if (officer !== undefined && system === undefined) return { officerId: officer };
  throw new SmkiError("CREDENTIAL_HOLDER_NEEDED");
}

function endCommand(): Command {
  return withEstateOptions(new Command("end"))
    .description("ends a credential at once and revokes its certificate")
    .argument("<serial-number>")
    .action((serial: string, options: EstateOptions) =>
      withEstate(options, async ({ database, clock }, output) => {
        const serialNumber = normaliseSerialNumber(serial);
        await database.transaction((tx) =>
          requestRevocation(tx, operatorAtMachine(), serialNumber, "privilegeWithdrawn", clock()),
        );
        output.answer(
          { ended: serialNumber },
          `Credential ${serialNumber} is ended; its certificate goes onto the next IKI CRL.`,
        );
      }),
    );
}
