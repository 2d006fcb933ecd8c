import { assembleCertificate } from "../../certificates/index.ts";
import type { Signer } from "../../keys/signer.ts";
import type { RecordedIntent } from "./intent-store.ts";
import type { Issuer } from "./issuer.ts";

/**
 * Step 3, sign: signs the recorded octets with the key of the CA, and puts the certificates together.
 * A crash here leaves the open intent; signatures that were made are lost with the process, unseen by anyone,
 * and the same octets are signed again.
 *
 * @returns the certificates, DER, in the order of the intent
 * @throws SmkiError KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function sign(signer: Signer, issuer: Issuer, intent: RecordedIntent): Promise<Buffer[]> {
  const signatures = await signer.signMany(issuer.authority.keyLabel, intent.toBeSigned);
  return signatures.map((signature, index) =>
    assembleCertificate(intent.toBeSigned[index] ?? Buffer.alloc(0), signature),
  );
}
