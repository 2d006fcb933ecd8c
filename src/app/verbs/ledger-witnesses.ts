import { Command } from "commander";
import { table } from "../../cli/output.ts";
import { configuredWitnesses } from "../../ledger/witness/configured-witnesses.ts";
import { type WitnessStanding, witnessStanding } from "../../ledger/witness/standing.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";

/** The verb `smki ledger witnesses`: how the witnesses that the settings name stand. */
export function witnessesCommand(): Command {
  return withEstateOptions(new Command("witnesses"))
    .description("shows how far each witness has cosigned the ledger, and why it has not")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, settings }, output) => {
        const { witnesses, quorum } = settings.ledger;
        const verifiers = configuredWitnesses(witnesses).map(({ verifier }) => verifier);
        const standing = await database.read((tx) => witnessStanding(tx, verifiers), { snapshot: true });
        output.answer({ quorum, witnesses: standing }, tell(standing, quorum));
      }),
    );
}

function tell(standing: readonly WitnessStanding[], quorum: number): string {
  if (standing.length === 0) return "No witnesses are named in the settings (ledger.witnesses).";
  const rows = standing.map((one) => [one.name, String(one.size), String(one.behind), howItStands(one)]);
  const shown =
    quorum === 0
      ? "The newest checkpoint is shown to others, however many have cosigned it."
      : `Shown to others is the newest checkpoint that ${String(quorum)} of ${String(rows.length)} have cosigned.`;
  return `${table(["witness", "cosigned size", "behind", "how it stands"], rows)}\n${shown}`;
}

function howItStands({ failure, at }: WitnessStanding): string {
  if (failure !== undefined)
    return `since ${failure.since.toISOString()}: ${failure.message} [${failure.code}]`;
  return at === undefined ? "has not answered yet" : `last at ${at.toISOString()}`;
}
