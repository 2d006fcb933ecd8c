import { SmkiError } from "../../errors/smki-error.ts";
import { parseVerifierKey } from "../note.ts";
import type { ConfiguredWitness } from "./witness-client.ts";

/**
 * Reads the witnesses that the settings name, each as its verifier key, a space and its address.
 *
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED, also for the key of a ledger in place of a witness's, for a name
 *   that stands twice, and for an address that is not only scheme, host and path
 */
export function configuredWitnesses(lines: readonly string[]): ConfiguredWitness[] {
  const names = new Set<string>();
  return lines.map((line) => {
    const [key = "", address = ""] = line.trim().split(/\s+/);
    const verifier = parseVerifierKey(key);
    const { name, kind } = verifier;
    if (kind !== "cosignature")
      throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name, reason: "not the key of a witness" });
    if (names.has(name))
      throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name, reason: "named twice" });
    names.add(name);
    if (!URL.canParse(address))
      throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name, reason: "without an address" });
    const url = new URL(address);
    const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
    // fetch takes no password in an address, and says the address, with it, in its error.
    if (!/^https?:$/.test(url.protocol) || !isPlain)
      throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", {
        name,
        reason: "its address is more than http or https, a host and a path",
      });
    // Its paths stand below the address, not beside its last part.
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return { verifier, url };
  });
}
