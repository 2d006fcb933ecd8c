import { makeToken, softHsmModule } from "../../src/keys/testkit/softhsm-store.ts";

/** A SoftHSM2 token of its own for one run. */
export interface SoftToken {
  readonly module: string;
  readonly tokenLabel: string;
  readonly pinFile: string;
  readonly remove: () => Promise<void>;
}

/** Makes a token; the module is told of it by the environment, which child processes inherit. */
export async function makeSoftToken(): Promise<SoftToken> {
  const token = await makeToken();
  const { module, tokenLabel, pinFile } = token.settings;
  return { module, tokenLabel, pinFile, remove: () => token.remove() };
}

/** Whether SoftHSM2 and pkcs11js are installed. */
export const hasSoftHsm = softHsmModule !== undefined;
