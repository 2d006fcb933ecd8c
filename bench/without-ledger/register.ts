import { registerHooks } from "node:module";

/**
 * Loaded with `--import` before a worker: puts a `recordActs` that does nothing in the place of the ledger's. The
 * service itself has no switch for this, and shall have none.
 */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith("ledger/record-acts.ts")
      ? { url: new URL("./record-acts.ts", import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
