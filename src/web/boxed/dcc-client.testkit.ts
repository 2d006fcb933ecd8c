import type { KeyObject, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BoxedKeyStore } from "@smartdcc/dccboxed-keystore";

/** What the package's own search functions give for one certificate. */
interface Found {
  readonly meta: { readonly role?: number; readonly serial: number | bigint };
  readonly x509: X509Certificate;
}

/** The package's search module: part of it, though not of its main entry. */
interface SearchModule {
  search(
    request: {
      readonly q:
        | { readonly CertificateSubjectName: string }
        | { readonly CertificateSubjectAltName: string };
      readonly CertificateRole?: string;
      readonly CertificateUsage: "DS" | "KA";
      readonly CertificateStatus: "P" | "I" | "N" | "E" | "R";
    },
    address: string,
  ): Promise<Found[]>;
  query(serial: string, address: string): Promise<Found | null>;
}

/** The package's local store, with which its build script fills a new key store. */
interface StoreModule {
  readonly KeyStoreDB: new (
    file: string,
  ) => {
    push(pair: {
      certificate: X509Certificate;
      private: KeyObject;
      name: string;
    }): Promise<{ eui: { toString(): string }; role?: number }>;
  };
}

const require = createRequire(import.meta.url);

export const { search, query } =
  require("@smartdcc/dccboxed-keystore/dist/certificateSearch.js") as SearchModule;

export const { KeyStoreDB } = require("@smartdcc/dccboxed-keystore/dist/db.js") as StoreModule;

/**
 * The DCC's client with nothing of its own: an empty backing file in place of the key store that it brings, and
 * an empty cache. So whatever it knows, a server told it.
 */
export async function withEmptyClient<Result>(
  address: string,
  work: (client: BoxedKeyStore) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "dcc-client-"));
  try {
    const [backing, cache] = [join(folder, "backing.json"), join(folder, "cache.json")];
    await writeFile(backing, "{}");
    return await work(await BoxedKeyStore.new(address, cache, backing));
  } finally {
    await rm(folder, { recursive: true });
  }
}
