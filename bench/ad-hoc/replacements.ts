import { adHocPath } from "../../src/app/processes/testkit/web-services.ts";
import { readAdHocAnswer, writeAdHocRequest } from "../../src/web/smki/messages/index.ts";
import { publicPointIn } from "../batch/client.ts";
import type { Connection } from "../web/connection.ts";

const head = `POST ${adHocPath} HTTP/1.1\r\ncontent-type: application/xml`;

/** One CSR with the octets that the service answered it with. */
interface Asked {
  readonly csr: Buffer;
  readonly answer: Buffer;
}

/** Sends CSRs to the ad hoc service, each once, and keeps the answers to look at them when the clock stands. */
export class Replacements {
  readonly #requests: { readonly csr: Buffer; readonly body: string }[];
  readonly #asked: Asked[] = [];

  constructor(csrs: readonly Buffer[]) {
    this.#requests = csrs.map((csr, index) => ({
      csr,
      body: writeAdHocRequest(`bench-${String(index)}`, csr),
    }));
  }

  /** Sends the next one over that connection, and waits for its answer. */
  async ask(connection: Connection): Promise<void> {
    const next = this.#requests.pop();
    if (next === undefined) throw new Error("no CSR is left");
    const { status, body } = await connection.ask({ head, body: next.body });
    if (status !== 200) throw new Error(`the ad hoc service answered ${String(status)}`);
    this.#asked.push({ csr: next.csr, answer: Buffer.from(body) });
  }

  get answered(): number {
    return this.#asked.length;
  }

  /** Looks at every answer: a certificate, with the key of its CSR. @returns how many are not, and what one of them says */
  judge(): { readonly wrong: number; readonly example: string } {
    let wrong = 0;
    let example = "";
    for (const { csr, answer } of this.#asked) {
      const problem = problemOf(csr, answer);
      if (problem === undefined) continue;
      wrong += 1;
      example = problem;
    }
    return { wrong, example };
  }
}

function problemOf(csr: Buffer, answer: Buffer): string | undefined {
  const read = readAdHocAnswer(answer);
  if (read.answer.status !== "SUCCESS") return JSON.stringify(read.answer);
  return Buffer.from(read.answer.certificate).includes(publicPointIn(csr)) ? undefined : "another key";
}
