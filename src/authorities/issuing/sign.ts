import { assembleCertificate } from "../../certificates/index.ts";
import type { Signer } from "../../keys/signer.ts";
import type { RecordedIntent } from "./intent-store.ts";
import type { Issuer } from "./issuer.ts";

/**
 * Step 3, sign: signs the recorded octets of intents of one CA with its key, and puts the certificates together.
 * A crash here leaves the open intent; signatures that were made are lost with the process, unseen by anyone,
 * and the same octets are signed again.
 *
 * @returns for each intent its certificates, DER, in its order; with the last, whatever was signed beyond what was asked
 * @throws SmkiError KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function sign(
  signer: Signer,
  issuer: Issuer,
  intents: readonly RecordedIntent[],
): Promise<Buffer[][]> {
  const toBeSigned = intents.flatMap((intent) => intent.toBeSigned);
  const signatures = await signer.signMany(issuer.authority.keyLabel, toBeSigned);
  const signed = signatures.map((signature, index) =>
    assembleCertificate(toBeSigned[index] ?? Buffer.alloc(0), signature),
  );
  return intents.map((intent, index) =>
    signed.splice(0, index === intents.length - 1 ? signed.length : intent.toBeSigned.length),
  );
}
