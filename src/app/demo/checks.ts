import { listAuthorities } from "../../authorities/authorities.ts";
import type { Authority } from "../../authorities/authority.ts";
import { parseCertificate, readFields } from "../../certificates/index.ts";
import type { Output } from "../../cli/output.ts";
import { revocationList } from "../../repository/repository.ts";
import type { Estate } from "../estate/estate.ts";
import { verifyEstate } from "../estate/verify.ts";
import type { OrganisationCertificate } from "./enrol.ts";
import { certificateKey, type FetchedCertificates } from "./meters.ts";
import type { MeterKey } from "./simulated-meters.ts";
import {
  type Chain,
  type NamedCertificates,
  opensslVersion,
  verifyWithNode,
  verifyWithOpenssl,
} from "./verify-certificates.ts";

/** Verifies every Device Certificate and matches its key, device and use to its CSR. @returns what does not hold */
export async function checkDeviceCertificates(
  estate: Estate,
  keys: readonly MeterKey[],
  fetched: FetchedCertificates,
  output: Output,
): Promise<string[]> {
  const authorities = await estate.database.read((tx) => listAuthorities(tx));
  const chain = chainOf(authorities, "root-dca", "issuing-dca");
  const invalid = await verify(fetched, chain, "Device Certificates", output);
  const mismatched = keys.flatMap((key) =>
    matches(key, fetched.get(certificateKey(key.deviceId, key.keyUsage))),
  );
  if (mismatched.length === 0) output.done(`${String(keys.length)} public keys match their CSRs`);
  else output.warn(`${String(mismatched.length)} certificates do not match their CSRs: ${some(mismatched)}`);
  output.done("Device Certificates have no CRL: the Device Certificate Policy has no revocation");
  return [...invalid, ...mismatched];
}

function matches(key: MeterKey, certificate: Buffer | undefined): string[] {
  const name = `${key.deviceId} ${key.keyUsage}`;
  if (certificate === undefined) return [`${name}: not in the repository`];
  try {
    const fields = readFields(parseCertificate(certificate));
    const holds =
      fields.profile === "device" &&
      fields.deviceId === key.deviceId &&
      fields.keyUsage === key.keyUsage &&
      key.publicKey.equals(fields.publicKey);
    return holds ? [] : [`${name}: the certificate is for another key, device or use`];
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Verifies the Organisation Certificates, with CRL and ARL where OpenSSL is there to do it. */
export async function checkOrganisationCertificates(
  estate: Estate,
  organisations: readonly OrganisationCertificate[],
  output: Output,
): Promise<string[]> {
  const { authorities, lists } = await estate.database.read(async (tx) => ({
    authorities: await listAuthorities(tx),
    lists: [(await revocationList(tx, "issuing-oca")).list, (await revocationList(tx, "root-oca")).list],
  }));
  const chain = { ...chainOf(authorities, "root-oca", "issuing-oca"), lists };
  return verify(
    new Map(organisations.map(({ name, certificate }) => [name, certificate])),
    chain,
    "Organisation Certificates",
    output,
  );
}

async function verify(
  certificates: NamedCertificates,
  chain: Chain,
  what: string,
  output: Output,
): Promise<string[]> {
  const count = `${String(certificates.size)} ${what}`;
  const byNode = verifyWithNode(certificates, chain);
  if (byNode.length > 0) output.warn(`${String(byNode.length)} of ${count} do not verify: ${some(byNode)}`);
  else output.done(`${count} verified with Node.js under their issuing CA and its root`);
  const openssl = await opensslVersion();
  if (openssl === undefined) {
    output.done("(the openssl command is not installed here, so its second opinion is left out)");
    return byNode;
  }
  const byOpenssl = await output.progress("verified with OpenSSL", certificates.size, (advance) =>
    verifyWithOpenssl(certificates, chain, advance),
  );
  const how = chain.lists === undefined ? "-x509_strict" : "-x509_strict -crl_check_all";
  if (byOpenssl.length > 0) output.warn(some(byOpenssl));
  else output.done(`${count} verified with ${openssl} (${how})`);
  return [...byNode, ...byOpenssl];
}

/** The first few; all of them stand in the answer for programs. */
function some(problems: readonly string[]): string {
  return [...problems.slice(0, 3), ...(problems.length > 3 ? ["..."] : [])].join("; ");
}

function chainOf(
  authorities: readonly Authority[],
  root: Authority["profile"],
  issuing: Authority["profile"],
): Chain {
  const of = (profile: Authority["profile"]) =>
    authorities.filter((authority) => authority.profile === profile).map(({ certificate }) => certificate);
  return { root: of(root)[0] ?? Buffer.alloc(0), issuing: of(issuing) };
}

/** Verifies the ledger, both ways against the certificates. @returns what does not hold */
export async function checkLedger(estate: Estate, output: Output): Promise<string[]> {
  const report = await output.progress("leaves", 1, () => verifyEstate(estate));
  if (report.holds) {
    output.done(`${String(report.size)} acts, each a leaf of the ledger: worked out again from their bytes`);
    output.done(`${String(report.certificates?.held ?? 0)} certificates and their acts agree, both ways`);
  } else
    output.warn(
      `the ledger does not hold: ${report.findings
        .map(({ what }) => what)
        .slice(0, 3)
        .join("; ")}`,
    );
  return report.holds ? [] : report.findings.map(({ what }) => what);
}
