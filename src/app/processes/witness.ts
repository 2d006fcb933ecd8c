import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pino } from "pino";
import { SmkiError } from "../../errors/smki-error.ts";
import { formatVerifierKey, parseVerifierKey } from "../../ledger/note.ts";
import { openWitness, type WitnessStep } from "../../ledger/witness/witness.ts";
import { systemClock } from "../../time/clock.ts";
import { createWitnessServer } from "../../web/witness/witness-server.ts";
import { openWitnessKey, type WitnessKeyOptions } from "./witness-key.ts";

/** How a witness runs. */
export interface WitnessSettings extends WitnessKeyOptions {
  /** The verifier keys of the logs that it watches. */
  readonly logs: readonly string[];
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Called after each step of cosigning; for tests of a crash there. */
  readonly afterStep?: (step: WitnessStep) => void;
}

/** A running witness. */
export interface RunningWitness {
  readonly url: string;
  /** What whoever asks it is to be told. */
  readonly verifierKey: string;
  stop(): Promise<void>;
}

/**
 * Starts a witness: a process that stands alone, without an estate or a database. It should run where whoever runs
 * the ledger cannot reach.
 *
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED, PORT_IN_USE and those of `openWitnessKey`
 */
export async function startWitness(settings: WitnessSettings): Promise<RunningWitness> {
  const { folder, host, port, afterStep } = settings;
  const logs = settings.logs.map(parseVerifierKey);
  const key = await openWitnessKey(settings);
  try {
    const work = { ...key, logs, clock: systemClock, ...(afterStep === undefined ? {} : { afterStep }) };
    const witness = await openWitness(work, join(folder, "logs"));
    const log = pino({ base: { process: "witness" } }, pino.destination({ fd: 2, sync: true }));
    const server = createWitnessServer(witness, log);
    await server.listen({ host, port }).catch((cause: unknown) => {
      const { code = "" } = cause as NodeJS.ErrnoException;
      if (code === "EADDRINUSE") throw new SmkiError("PORT_IN_USE", { port }, { cause });
      throw new SmkiError("ADDRESS_UNUSABLE", { host, port, reason: code }, { cause });
    });
    const { address, port: bound, family } = server.server.address() as AddressInfo;
    const shown = family === "IPv6" ? `[${address}]` : address;
    return {
      url: `http://${shown}:${String(bound)}/`,
      verifierKey: formatVerifierKey(key.verifier),
      stop: async () => {
        await server.close();
        await key.close();
      },
    };
  } catch (error) {
    await key.close();
    throw error;
  }
}
