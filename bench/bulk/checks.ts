import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { issuingTerms } from "../../src/app/estate/terms.ts";
import { verifyEstate } from "../../src/app/estate/verify.ts";
import { type Authority } from "../../src/authorities/authority.ts";
import { selectAuthorities } from "../../src/authorities/authority-store.ts";
import { lintCertificate, lintIssuer, parseCertificate } from "../../src/certificates/index.ts";
import type { Output } from "../../src/cli/output.ts";
import type { Check } from "../report/measurement.ts";
import { verifyWithOpenssl } from "./verify-with-openssl.ts";

const page = 5_000;
const sampleSize = 500;

/** What was found of the certificates. */
interface Found {
  readonly count: number;
  readonly serials: number;
  readonly findings: number;
  readonly sample: readonly Buffer[];
}

/**
 * Looks at what a run left in the database, off the clock: count, serial numbers, every certificate parsed and linted
 * with its issuer's signature, a sample verified by OpenSSL, the whole ledger.
 *
 * @param when - for the names of the checks, such as "after kill -9"
 * @param filler - what the identifiers of CAs begin with whose certificates nobody signed: the ledger has them, and that is all
 */
export async function checkEstate(
  estate: Estate,
  expected: number,
  when: string,
  output: Output,
  filler = "no such CA",
): Promise<Check[]> {
  const all = await estate.database.read((tx) => selectAuthorities(tx));
  const authorities = all.filter(({ id }) => !id.startsWith(filler));
  const found = await output.progress(`certificates linted, ${when}`, expected, (advance) =>
    lintAll(estate, authorities, advance),
  );
  const root = authorities.find(({ profile }) => profile === "root-dca");
  const issuing = authorities.filter(({ profile }) => profile === "issuing-dca");
  const verified =
    root === undefined
      ? 0
      : await verifyWithOpenssl(found.sample, root.certificate, issuing.map(certificateOf));
  const report = await verifyEstate(estate);
  const recorded = report.certificates?.recorded ?? 0;
  const wanted = Math.min(sampleSize, expected);
  return [
    check("certificates", found.count === expected, `${String(found.count)} of ${String(expected)}`),
    check("distinct serial numbers", found.serials === expected, String(found.serials)),
    check(
      "all parsed and linted, signature included",
      found.findings === 0,
      `${String(found.findings)} findings`,
    ),
    check("at random verified by OpenSSL", verified === wanted, `${String(verified)} of ${String(wanted)}`),
    check(
      "the ledger holds",
      report.holds && report.openEntries === 0 && report.signedSize === report.size,
      `${String(report.size)} leaves signed, ${String(recorded)} certificates both ways, ${String(report.findingCount)} findings`,
    ),
  ].map((one) => ({ ...one, name: `${one.name}, ${when}` }));
}

const check = (name: string, holds: boolean, found: string): Check => ({ name, holds, found });
const certificateOf = ({ certificate }: Authority): Buffer => certificate;

async function lintAll(
  { database, settings, rules }: Estate,
  authorities: readonly Authority[],
  advance: (by: number) => void,
): Promise<Found> {
  const terms = issuingTerms(settings, rules);
  const issuers = new Map(
    authorities.map(({ id, certificate }) => [id, lintIssuer(parseCertificate(certificate))]),
  );
  const serials = new Set<string>();
  const all: Buffer[] = [];
  let findings = 0;
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const { rows } = await database.read((tx) =>
      sql<{ serial_number: Buffer; authority_id: string; certificate: Buffer }>`
        select serial_number, authority_id, certificate from certificate
        where kind = 'device' and authority_id = any (${[...issuers.keys()]}) and serial_number > ${after}
        order by serial_number limit ${page}`.execute(tx),
    );
    for (const { authority_id, certificate } of rows) {
      const parsed = parseCertificate(certificate);
      const issuer = issuers.get(authority_id);
      if (issuer === undefined) throw new Error(`no authority ${authority_id}`);
      const options = {
        limits: terms.lintLimits,
        policy: terms.policies.device,
        issuer,
        profile: "device",
      } as const;
      findings += lintCertificate(parsed, options).length;
      serials.add(parsed.serialNumber.toString("hex"));
      all.push(certificate);
    }
    advance(rows.length);
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.serial_number;
  }
  return { count: all.length, serials: serials.size, findings, sample: drawSample(all) };
}

/** So many at random, none twice. */
function drawSample(all: readonly Buffer[]): Buffer[] {
  const left = [...all];
  return Array.from({ length: Math.min(sampleSize, left.length) }, () => {
    const at = Math.floor(Math.random() * left.length);
    const [drawn] = left.splice(at, 1);
    return drawn ?? Buffer.alloc(0);
  });
}
