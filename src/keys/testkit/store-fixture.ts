import type { SignerSettings } from "../settings.ts";

/** A store of its own for one test, already created. */
export interface StoreFixture {
  readonly settings: SignerSettings;
  /** Texts that must never be shown: the passphrase or PIN. */
  readonly secrets: readonly string[];
  remove(): Promise<void>;
}

export type MakeStore = () => Promise<StoreFixture>;
