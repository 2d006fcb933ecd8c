import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodeListPem, encodePem } from "../../certificates/index.ts";

const run = promisify(execFile);

/** What a chain ends in and passes through. */
export interface Chain {
  readonly root: Buffer;
  readonly issuing: readonly Buffer[];
  /** CRLs and ARLs, DER; with them every certificate of the chain is looked up. */
  readonly lists?: readonly Buffer[];
}

/** DER by a name that a person can find the certificate by. */
export type NamedCertificates = ReadonlyMap<string, Buffer>;

/** The version of the `openssl` command; undefined where there is none. */
export async function opensslVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run("openssl", ["version"]);
    return stdout.split(" ").slice(0, 2).join(" ");
  } catch {
    return undefined;
  }
}

/**
 * Verifies each certificate under its issuing CA and that under the root with Node's own X.509.
 *
 * @returns a line for each that does not verify
 */
export function verifyWithNode(certificates: NamedCertificates, chain: Chain): string[] {
  const root = new X509Certificate(chain.root);
  const issuers = chain.issuing
    .map((der) => new X509Certificate(der))
    .filter((issuer) => issuer.ca && issuer.checkIssued(root) && issuer.verify(root.publicKey))
    .map((issuer) => ({ issuer, publicKey: issuer.publicKey }));
  return [...certificates].flatMap(([name, der]) => {
    try {
      const certificate = new X509Certificate(der);
      const holds = issuers.some(
        ({ issuer, publicKey }) => certificate.checkIssued(issuer) && certificate.verify(publicKey),
      );
      return holds ? [] : [`${name}: certificate ${certificate.serialNumber} was signed by no issuing CA`];
    } catch (error) {
      return [`${name}: cannot be read: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

const filesAtOnce = 500;

/**
 * Verifies certificates with `openssl verify -x509_strict`; with lists, `-crl_check_all` too.
 *
 * @returns a line for each that does not verify
 */
export async function verifyWithOpenssl(
  certificates: NamedCertificates,
  chain: Chain,
  advance: (by: number) => void = () => undefined,
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "smki-verify-"));
  try {
    const write = async (name: string, pem: string): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, pem);
      return file;
    };
    const options = [
      ...["verify", "-x509_strict", "-CAfile", await write("root.pem", encodePem(chain.root))],
      ...["-untrusted", await write("issuing.pem", chain.issuing.map(encodePem).join(""))],
    ];
    if (chain.lists !== undefined)
      options.push(
        "-crl_check_all",
        "-CRLfile",
        await write("lists.pem", chain.lists.map(encodeListPem).join("")),
      );
    const problems: string[] = [];
    const named = [...certificates];
    for (let first = 0; first < named.length; first += filesAtOnce) {
      const part = named.slice(first, first + filesAtOnce);
      const files = await Promise.all(
        part.map(async ([name, der], index) => ({
          name,
          file: await write(`${String(first + index)}.pem`, encodePem(der)),
        })),
      );
      problems.push(...(await opensslVerify(options, files)));
      advance(part.length);
    }
    return problems;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** OpenSSL says OK for each file that holds; only that counts. */
async function opensslVerify(
  options: readonly string[],
  files: readonly { readonly name: string; readonly file: string }[],
): Promise<string[]> {
  const parameters = [...options, ...files.map(({ file }) => file)];
  const said = await run("openssl", parameters, { maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: unknown) => error as { stdout?: string },
  );
  const good = new Set((said.stdout ?? "").split("\n"));
  return files.flatMap(({ name, file }) => (good.has(`${file}: OK`) ? [] : [`${name}: refused by OpenSSL`]));
}
