import { lintCertificate, parseCertificate } from "../../src/certificates/index.ts";
import type { Output } from "../../src/cli/output.ts";
import { floorMaterial, floorOnce } from "../floor/work.ts";
import { type BenchResult, median, rate } from "../report/measurement.ts";
import { makeRequests } from "../requests/make-all.ts";
import { issue } from "./issue.ts";
import { makeIssuingDca } from "./issuing-dca.ts";
import { testTerms } from "./issuing-terms.ts";

const name = "issue-code";
const chunk = 500;
const chunks = 20;
const warmUps = 4;

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
  const turns: { floor: number; issued: number }[] = [];
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
  const floor = { name: "node:crypto, one thread", value: median(turns.map((turn) => turn.floor)) };
  const ratio = median(turns.map((turn) => turn.issued / turn.floor));
  return {
    bench: name,
    measurements: [
      {
        // The two medians may come from different turns; the ratio never does.
        ...rate("issue code alone", floor.value * ratio, "certificates/s of processor time", floor, 0.85),
        ratio,
      },
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

/** By the processor's time of this process, its collector's threads included: others at work do not count. */
function perSecond(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (chunk * 1_000_000) / (user + system);
}
