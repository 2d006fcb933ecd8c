import { pino } from "pino";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { Settings } from "../../settings/settings.ts";

/** Writes JSON lines to standard error, one an event. Never given a secret, and personal data only as numbers. */
export type Log = ReturnType<typeof createLog>;

export function createLog(settings: Settings, process: string) {
  return pino(
    {
      level: settings.log.level,
      base: { process },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ["*.passphrase", "*.pin", "*.apiKey", "headers.authorization"],
    },
    destination(),
  );
}

/** Lines that wait while the log's disk is full, in octets; later ones are lost. */
const mostWaiting = 1024 * 1024;

function destination() {
  const stream = pino.destination({ fd: 2, sync: true, maxLength: mostWaiting });
  // An error that nobody hears would end the process: a full disk under the log must not end the service. What could
  // not be written is written with the next line, once there is room.
  stream.on("error", () => undefined);
  return stream;
}

/** The parts of an error that belong in a log. */
export function loggable(error: unknown): object {
  if (isSmkiError(error)) {
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    return { code: error.code, message: error.message, remedy: error.remedy, cause };
  }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
