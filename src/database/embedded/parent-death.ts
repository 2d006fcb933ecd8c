import { spawnSync } from "node:child_process";

let isSetprivThere: boolean | undefined;

/**
 * Wraps a program in `setpriv --pdeathsig` of util-linux, where there is one, so that the kernel itself stops
 * it when we die, even by kill -9. It is the thread that dies that counts: a server started by a worker thread
 * ends with that thread. Where there is none, the next start finds the orphan and stops it.
 *
 * @returns the program to spawn and its arguments
 */
export function withParentDeathSignal(
  signal: "INT" | "KILL",
  program: string,
  programArguments: readonly string[],
): [string, string[]] {
  isSetprivThere ??=
    process.platform === "linux" &&
    spawnSync("setpriv", ["--pdeathsig", "INT", "true"], { stdio: "ignore" }).status === 0;
  return isSetprivThere
    ? ["setpriv", ["--pdeathsig", signal, "--", program, ...programArguments]]
    : [program, [...programArguments]];
}
