import { describe } from "vitest";
import { describeSignerContract } from "../testkit/signer-contract.ts";
import { makeTokenStore, softHsmModule } from "../testkit/softhsm-store.ts";

describe.skipIf(softHsmModule === undefined)("[needs softhsm2]", () => {
  describeSignerContract("a PKCS #11 token as key store", makeTokenStore);
  describeSignerContract("a PKCS #11 token signing on the thread pool", async () => {
    const token = await makeTokenStore();
    return { ...token, settings: { ...token.settings, signing: "pooled" } };
  });
});
