import { join, relative, sep } from "node:path";
import type { SettingValue } from "./definition.ts";
import { isCredential, type Values } from "./resolve.ts";
import { testPolicy } from "./schema.ts";

/** What is wrong with settings that are each right by themselves. */
export interface Conflict {
  readonly key: string;
  readonly problem: string;
}

const lies = (path: SettingValue, folder: string): boolean => {
  const way = relative(folder, String(path));
  return way !== ".." && !way.startsWith(`..${sep}`);
};

function* keyStoreConflicts(values: Values, purpose: "operational" | "ceremony"): Generator<Conflict> {
  const prefix = `keys.${purpose}`;
  const kind = values.get(`${prefix}.kind`);
  const live = values.get("environment") === "live";
  const secret = kind === "pkcs11" ? "pinFile" : "passphraseFile";
  const needed = kind === "pkcs11" ? ["module", "tokenLabel", "pinFile"] : ["file", "passphraseFile"];
  if (kind === undefined) return;
  const dataFolder = values.get("dataFolder");
  // With the data folder itself mistaken, what would follow from it is no second mistake.
  const follows = dataFolder === undefined ? ["file", ...(live ? [] : ["passphraseFile"])] : [];
  for (const name of needed)
    if (!values.has(`${prefix}.${name}`) && !follows.includes(name))
      yield { key: `${prefix}.${name}`, problem: `is not set, and kind ${String(kind)} needs it` };
  const secretFile = values.get(`${prefix}.${secret}`);
  // Whoever copies the data folder, for a backup say, must not have the secret with it.
  if (live && secretFile !== undefined && dataFolder !== undefined && !isCredential(secretFile))
    if (lies(secretFile, String(dataFolder)))
      yield {
        key: `${prefix}.${secret}`,
        problem: "lies in the data folder, and in live it must lie outside",
      };
}

/** The root keys are usable only in a ceremony, so they may not live where the workers' keys do. */
function* sharedStore(values: Values): Generator<Conflict> {
  const of = (name: string) =>
    [values.get(`keys.operational.${name}`), values.get(`keys.ceremony.${name}`)] as const;
  const [kind, ceremonyKind] = of("kind");
  if (kind !== ceremonyKind) return;
  const identity = kind === "pkcs11" ? ["module", "tokenLabel", "tokenSerial"] : ["file"];
  const same = identity.every((name) => {
    const [operational, ceremony] = of(name);
    return operational === ceremony;
  });
  if (same && values.has(`keys.ceremony.${identity[0] ?? ""}`))
    yield {
      key: `keys.ceremony.${kind === "pkcs11" ? "tokenLabel" : "file"}`,
      problem: "is the operational one too, and the ceremony's keys must be kept apart",
    };
}

function* nameConflicts(values: Values): Generator<Conflict> {
  for (const tree of ["Oca", "Ica"]) {
    const issuing = `names.issuing${tree}.commonName`;
    const name = values.get(issuing);
    const rootName = values.get(`names.root${tree}.commonName`);
    const unit = values.get(`names.root${tree}.organisationalUnit`);
    if (
      name !== undefined &&
      name === rootName &&
      unit === values.get(`names.issuing${tree}.organisationalUnit`)
    )
      yield { key: issuing, problem: "is the root's name too, and the two must differ" };
  }
  const rootDca = values.get("names.rootDca.commonName");
  const prefix = values.get("names.issuingDca.commonNamePrefix");
  if (rootDca !== undefined && prefix !== undefined && String(rootDca).length === 4)
    if (String(rootDca).startsWith(String(prefix)))
      yield {
        key: "names.issuingDca.commonNamePrefix",
        problem: "would in time give an Issuing DCA the Root DCA's name",
      };
}

/** What live forbids, so that nothing of a test estate is ever taken for the real one. */
function* liveConflicts(values: Values): Generator<Conflict> {
  if (values.get("environment") !== "live") return;
  for (const tree of ["device", "organisation", "iki", "oca", "dca"])
    if (values.get(`policies.${tree}`) === testPolicy)
      yield { key: `policies.${tree}`, problem: `is ${testPolicy}, the policy of the test environment` };
  if (values.get("repositoryService.enabled") === true)
    yield {
      key: "repositoryService.enabled",
      problem: "is true, and in live it must be false: its bundle holds private keys made for tests",
    };
}

/** Fills in the places of the key files, which follow the data folder. */
export function addKeyStoreDefaults(values: Values): void {
  const dataFolder = values.get("dataFolder");
  if (dataFolder === undefined) return;
  for (const purpose of ["operational", "ceremony"]) {
    if (values.get(`keys.${purpose}.kind`) !== "encrypted-file") continue;
    const file = `keys.${purpose}.file`;
    const passphraseFile = `keys.${purpose}.passphraseFile`;
    if (!values.has(file)) values.set(file, join(String(dataFolder), "keys", `${purpose}.keys`));
    if (!values.has(passphraseFile) && values.get("environment") === "test")
      values.set(passphraseFile, join(String(dataFolder), "secrets", `${purpose}.passphrase`));
  }
}

/** A checkpoint that more witnesses must cosign than there are would never be shown. */
function* quorumConflicts(values: Values): Generator<Conflict> {
  const witnesses = values.get("ledger.witnesses");
  const quorum = values.get("ledger.quorum");
  if (!Array.isArray(witnesses) || quorum === undefined || Number(quorum) <= witnesses.length) return;
  yield {
    key: "ledger.quorum",
    problem: `is ${String(quorum)}, and ledger.witnesses names ${String(witnesses.length)}`,
  };
}

/** Finds every conflict at once. */
export function findConflicts(values: Values): Conflict[] {
  const conflicts = [
    ...keyStoreConflicts(values, "operational"),
    ...keyStoreConflicts(values, "ceremony"),
    ...sharedStore(values),
    ...nameConflicts(values),
    ...quorumConflicts(values),
    ...liveConflicts(values),
  ];
  const certificate = values.has("web.tls.certificateFile");
  if (certificate !== values.has("web.tls.keyFile"))
    conflicts.push({
      key: certificate ? "web.tls.keyFile" : "web.tls.certificateFile",
      problem: `is not set, and ${certificate ? "certificateFile" : "keyFile"} is: give both or neither`,
    });
  return conflicts;
}
