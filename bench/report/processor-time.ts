import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc (proc(5), `sysconf(_SC_CLK_TCK)`): 100 on every Linux of today. */
const ticks = 100;

/** One process out of /proc. */
interface ProcessTimes {
  readonly parent: number;
  readonly seconds: number;
}

function timesOf(pid: number): ProcessTimes | undefined {
  try {
    const status = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The command name, in parentheses, may itself hold spaces and parentheses.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const [user, system, waitedUser, waitedSystem] = fields.slice(11, 15).map(Number);
    const seconds = ((user ?? 0) + (system ?? 0) + (waitedUser ?? 0) + (waitedSystem ?? 0)) / ticks;
    return { parent: Number(fields[1]), seconds };
  } catch {
    return undefined;
  }
}

/**
 * Processor seconds that processes and their children have used so far, those that ended included once they were
 * waited for. Zero where there is no /proc.
 */
export function processorSeconds(pids: readonly number[]): number {
  let all: readonly number[];
  try {
    all = readdirSync("/proc").map(Number).filter(Number.isSafeInteger);
  } catch {
    return 0;
  }
  const wanted = new Set(pids);
  return all.reduce((total, pid) => {
    const times = timesOf(pid);
    const counts = times !== undefined && (wanted.has(pid) || wanted.has(times.parent));
    return total + (counts ? times.seconds : 0);
  }, 0);
}

/** The most memory that a process had at once, in megabytes; undefined where there is no /proc. */
export function peakMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
