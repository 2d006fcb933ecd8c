import type { KeyStore, Settings } from "../../settings/settings.ts";

/** Where root keys and operational keys live, for the people in the room to compare with what lies before them. */
export function keyStoresInWords({ keys }: Pick<Settings, "keys">): string {
  return `ceremony in ${storeInWords(keys.ceremony)}; operational in ${storeInWords(keys.operational)}`;
}

function storeInWords(store: KeyStore): string {
  if (store.kind === "encrypted-file") return `the encrypted file ${store.file}`;
  const serial = store.tokenSerial === undefined ? "" : `, serial number ${store.tokenSerial}`;
  return `the token ${store.tokenLabel}${serial} (PKCS#11 module ${store.module})`;
}
