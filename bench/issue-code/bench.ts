import { lintCertificate, parseCertificate } from "../../src/certificates/index.ts";
import type { Output } from "../../src/cli/output.ts";
import { floorMaterial, floorOnce } from "../floor/work.ts";
import { type BenchResult, type Measurement, median, rate } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { issue } from "./issue.ts";
import { makeIssuingDca } from "./issuing-dca.ts";
import { testTerms } from "./issuing-terms.ts";

const name = "issue-code";
const chunk = 500;
const chunks = 20;
const warmUps = 8;

/**
 * Issue code alone on one thread, against the floor on the same thread. The two take turns chunk by chunk, so that
 * whatever else the machine does meets both alike; the ratio is the median of the chunks' ratios.
 */
export async function benchIssueCode(output: Output): Promise<BenchResult> {
  const { requests } = await makeRequests(chunk * (chunks + warmUps), output);
  const now = new Date();
  const dca = makeIssuingDca(now);
  const terms = testTerms();
  const material = floorMaterial(requests);
  const turns: { floor: Rates; issued: Rates }[] = [];
  let serials = 0;
  let findings = 0;
  for (let turn = 0; turn < chunks + warmUps; turn += 1) {
    const first = turn * chunk;
    const part = requests.slice(first, first + chunk);
    const floor = perSecond(() => {
      for (let index = first; index < first + chunk; index += 1) floorOnce(material, index);
    });
    let certificates: ReturnType<typeof issue> = [];
    const issued = perSecond(() => {
      certificates = issue(dca, part, terms, now);
    });
    serials += new Set(certificates.map(({ fields }) => fields.serialNumber)).size;
    for (const { certificate } of certificates)
      findings += lintCertificate(parseCertificate(certificate.der), {
        limits: terms.lintLimits,
        policy: terms.policies.device,
        issuer: dca.issuer.certificate,
      }).length;
    if (turn >= warmUps) turns.push({ floor, issued });
  }
  const figure = (title: string, by: string, of: (rates: Rates) => number, least?: number): Measurement => {
    const floor = {
      name: `node:crypto, one thread, by ${by}`,
      value: median(turns.map((turn) => of(turn.floor))),
    };
    // The two medians may come from different turns; the ratio never does.
    const ratio = median(turns.map((turn) => of(turn.issued) / of(turn.floor)));
    return { ...rate(title, floor.value * ratio, "certificates/s", floor, least), ratio };
  };
  return {
    bench: name,
    measurements: [
      figure("issue code alone", "the thread's own processor time", (rates) => rates.thread, 0.85),
      figure("with collector and compiler", "the process's processor time", (rates) => rates.process),
    ],
    settings: { threads: 1, certificates: chunk * chunks, chunk, signer: "key in memory, node:crypto" },
    checks: [
      {
        name: "distinct serial numbers",
        holds: serials === requests.length,
        found: `${String(serials)} of ${String(requests.length)}`,
      },
      {
        name: "linted with their issuer, off the clock",
        holds: findings === 0,
        found: `${String(findings)} findings`,
      },
    ],
  };
}

/** Certificates in a second of processor time, so that others at work do not count. */
interface Rates {
  /** Of this thread. */
  readonly thread: number;
  /** Of all threads of the process: those that collect garbage and compile at the same time count too. */
  readonly process: number;
}

function perSecond(work: () => void): Rates {
  const thread = process.threadCpuUsage();
  const all = process.cpuUsage();
  work();
  const rateOf = ({ user, system }: NodeJS.CpuUsage) => (chunk * 1_000_000) / (user + system);
  return { thread: rateOf(process.threadCpuUsage(thread)), process: rateOf(process.cpuUsage(all)) };
}
