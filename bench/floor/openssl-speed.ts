import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What `openssl speed` says of P-256 on this machine. */
export interface OpensslSpeed {
  readonly version: string;
  readonly signs: number;
  readonly verifies: number;
  /** One signature and two verifications a certificate, without any import of a key. */
  readonly certificates: number;
}

/**
 * Runs OpenSSL's own benchmark: the same arithmetic without Node.
 *
 * @param processes - that work at the same time
 * @returns undefined where there is no `openssl`
 */
export async function opensslSpeed(processes: number): Promise<OpensslSpeed | undefined> {
  const run = promisify(execFile);
  try {
    const version = (await run("openssl", ["version"])).stdout.split(" ").slice(0, 2).join(" ");
    const multi = processes > 1 ? ["-multi", String(processes)] : [];
    const { stdout } = await run("openssl", ["speed", "-mr", "-seconds", "1", ...multi, "ecdsap256"]);
    // The machine-readable line, after those of each process: +F4:index:bits:signatures a second:verifications.
    const lines = stdout.match(/\+F4:\d+:256:[\d.:]+/g) ?? [];
    const [, , , signs, verifies] = (lines.at(-1) ?? "").split(":").map(Number);
    if (signs === undefined || verifies === undefined || !(signs > 1 && verifies > 1)) return undefined;
    return { version, signs, verifies, certificates: 1 / (1 / signs + 2 / verifies) };
  } catch {
    return undefined;
  }
}
