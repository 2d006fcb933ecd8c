import { userInfo } from "node:os";
import { type LocalOperator, localOperator } from "../../registration/principal.ts";

/** A user name as POSIX has it (3.426, portable file name characters), with the dollar that some systems allow. */
const userName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}\$?$/;

/**
 * Who is at the machine: the name under which their acts stand in the ledger. It is the name of the user that this
 * process runs as, which the kernel vouches for. Whom `sudo` says it acts for stands beside it as the claim that it
 * is: whoever starts a process sets its variables.
 *
 * @param user - the name of our user
 * @param claimed - the variable SUDO_USER
 */
export function operatorAtMachine(user = ownUserName(), claimed = process.env["SUDO_USER"]): LocalOperator {
  const hasClaim = claimed !== undefined && claimed !== user && userName.test(claimed);
  return localOperator(hasClaim ? `${user} (SUDO_USER: ${claimed})` : user);
}

/** In a container, the user may have a number and no name. */
function ownUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${String(process.getuid?.())}`;
  }
}
