import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPathValidator, encodeCsrText, encodePem } from "../../certificates/index.ts";
import { chainOf, present } from "../../certificates/path/chains.testdata.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { defaultEdition, rulebookFor } from "../../rulebook/index.ts";
import { createOutput } from "../output.ts";
import type { CsrReport } from "./outcomes.ts";
import { HttpService } from "./service.ts";
import { type SubmitOrder, submitFolder } from "./submit-folder.ts";
import { certificateFor, chain, deviceCsr } from "./testkit/csrs.ts";
import { type FakeService, fakeService } from "./testkit/fake-service.ts";

let folder: string;
let smki: FakeService;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "smki-client-"));
  smki = await fakeService();
});
afterEach(async () => {
  await smki.stop();
  rmSync(folder, { recursive: true });
});

const put = (name: string, csr: Buffer = deviceCsr(1)): Buffer => {
  writeFileSync(join(folder, name), encodeCsrText(csr));
  return csr;
};
const certificates = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".crt"))
    .sort();

/** Runs the client as fast as it goes. */
function run(changes: Partial<SubmitOrder> = {}) {
  return submitFolder({
    folder,
    url: smki.url,
    service: new HttpService(new URL(smki.url), { ca: smki.ca }, { idle: 1_000, total: 3_000 }),
    batchSize: 50_000,
    polling: { every: 1, once: false },
    resend: [],
    received: new Map(),
    retry: false,
    rules: rulebookFor(defaultEdition),
    clock: () => new Date(),
    output: createOutput(true),
    ...changes,
  });
}
const statuses = (reports: readonly CsrReport[]) =>
  Object.fromEntries(reports.map(({ file, status, text }) => [file, text ? `${status}: ${text}` : status]));

/** The code that a run is refused with, and its details. */
async function refusal(changes?: Partial<SubmitOrder>) {
  const error: unknown = await run(changes).catch((caught: unknown) => caught);
  if (!isSmkiError(error)) throw error instanceof Error ? error : new Error("it was not refused");
  return { code: error.code, ...error.details };
}

describe("smki client submit", () => {
  test("brings each CSR of a folder its certificate, whatever its form, in batches", async () => {
    const der = deviceCsr(3);
    const base64 = deviceCsr(2).toString("base64");
    put("a.csr");
    writeFileSync(join(folder, "meter 2, 76.csr"), base64.replace(/.{76}/g, "$&\r\n"));
    writeFileSync(join(folder, "é.csr"), deviceCsr(4).toString("base64"));
    writeFileSync(join(folder, "raw.der"), der);
    writeFileSync(join(folder, "notes.txt"), "not a CSR");
    smki.statuses = ["PENDING", "PARSING", "QUEUED", "PROCESSING", "PAUSED"];
    const { reports, next } = await run({ batchSize: 3 });
    expect(reports.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => "issued"));
    expect(next).toBeUndefined();
    expect(smki.batches.map(({ csrs }) => csrs.length)).toEqual([3, 1]);
    expect(certificates()).toEqual(["a.crt", "meter 2, 76.crt", "raw.crt", "é.crt"]);
    const report = readFileSync(join(folder, "smki-client-report.tsv"), "utf8").split("\n");
    expect(report).toHaveLength(6);
    expect(report[1]).toMatch(/^a\.csr\tissued\t1\t[0-9A-F]{32}\t/);
  });

  test("run again it asks nothing again, and sends only what is new or was corrected", async () => {
    put("a.csr");
    put("b.csr", deviceCsr(2));
    smki.answers = ([good, bad]) => [
      good as NonNullable<typeof good>,
      {
        clientId: bad?.clientId ?? "",
        answer: { status: "CSR_ERROR", error: { code: "CR:CC1", text: "no" } },
      },
    ];
    const first = await run();
    expect(statuses(first.reports)).toEqual({ "a.csr": "issued", "b.csr": "refused: no" });
    expect(statuses((await run()).reports)).toEqual(statuses(first.reports));
    expect([smki.batches.length, smki.polls.length]).toEqual([1, 1]);
    smki.answers = undefined;
    put("b.csr", deviceCsr(2));
    put("c.csr", deviceCsr(3));
    expect(statuses((await run()).reports)).toEqual({
      "a.csr": "issued",
      "b.csr": "issued",
      "c.csr": "issued",
    });
    expect(smki.batches.map(({ csrs }) => csrs.length)).toEqual([2, 2]);
  });

  test("tries what the CA failed on again if asked to, and nothing else", async () => {
    put("a.csr");
    put("b.csr", deviceCsr(2));
    smki.answers = ([one, two]) => [
      {
        clientId: one?.clientId ?? "",
        answer: { status: "CA_ERROR", error: { code: "CA:EE1", text: "later" } },
      },
      {
        clientId: two?.clientId ?? "",
        answer: { status: "INELIGIBLE", error: { code: "IN:GG4", text: "no" } },
      },
    ];
    await run();
    smki.answers = undefined;
    expect(statuses((await run()).reports)["a.csr"]).toBe("refused: later");
    expect(statuses((await run({ retry: true })).reports)).toEqual({
      "a.csr": "issued",
      "b.csr": "refused: no",
    });
  });

  test("does not send what no SMKI would take, and the rest goes", async () => {
    put("good.csr");
    const good = readFileSync(join(folder, "good.csr"));
    writeFileSync(join(folder, "same key.csr"), good);
    writeFileSync(join(folder, "text.csr"), "hello");
    const broken = deviceCsr(2);
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    writeFileSync(join(folder, "broken.der"), broken);
    put("taken.csr", deviceCsr(5));
    writeFileSync(join(folder, "taken.crt"), encodePem(certificateFor(deviceCsr(5))));
    const { reports } = await run();
    expect(Object.fromEntries(reports.map(({ file, status, reason }) => [file, reason ?? status]))).toEqual({
      "good.csr": "issued",
      "same key.csr": "KEY_TWICE_IN_BATCH",
      "text.csr": "CSR_TEXT_MALFORMED",
      "broken.der": "CSR_SIGNATURE_INVALID",
      "taken.csr": "CLIENT_CERTIFICATE_OF_ANOTHER",
    });
    expect(smki.batches[0]?.csrs).toHaveLength(1);
  });

  test("refuses a folder without CSRs, two of one name, another service's, and a second client", async () => {
    expect(await refusal()).toMatchObject({ code: "CLIENT_FOLDER_EMPTY" });
    expect(await refusal({ folder: join(folder, "none") })).toMatchObject({ code: "FILE_UNREADABLE" });
    put("a.csr");
    writeFileSync(join(folder, "a.der"), deviceCsr(2));
    expect(await refusal()).toMatchObject({ code: "CLIENT_NAMES_CLASH" });
    rmSync(join(folder, "a.der"));
    let second: unknown;
    smki.submit = (answer) => {
      void refusal().then((told) => {
        second = told.code;
        answer.destroy();
      });
    };
    await refusal();
    expect(second).toBe("CLIENT_FOLDER_IN_USE");
    expect(await refusal({ url: "https://other.example/" })).toMatchObject({
      code: "CLIENT_JOURNAL_OF_ANOTHER_SERVICE",
    });
  });

  test("with --once it asks what may be asked, and says when to come again", async () => {
    put("a.csr");
    const polling = { every: undefined, once: true };
    let now = new Date("2026-11-23T14:00:00Z");
    const clock = () => now;
    const first = await run({ polling, clock });
    expect([first.next?.toISOString(), smki.polls.length]).toEqual(["2026-11-24T08:00:00.000Z", 0]);
    expect(first.reports.map(({ status }) => status)).toEqual(["waiting"]);
    now = new Date("2026-11-24T08:00:00Z");
    smki.statuses = ["PAUSED"];
    const second = await run({ polling, clock });
    expect([second.next?.toISOString(), smki.polls.length]).toEqual(["2026-11-24T22:00:00.000Z", 1]);
    now = new Date("2026-11-24T22:00:00Z");
    const third = await run({ polling, clock });
    expect([third.next, smki.polls.length]).toEqual([undefined, 2]);
    expect(third.reports.map(({ status }) => status)).toEqual(["issued"]);
  });

  test("goes on after outages, and tells of a batch that was rejected or found altered", async () => {
    put("a.csr");
    put("b.csr", deviceCsr(2));
    let outages = 2;
    smki.result = (answer) => {
      outages -= 1;
      if (outages > 0) answer.destroy();
      else answer.writeHead(503).end();
      if (outages === 0) smki.result = undefined;
    };
    smki.statuses = ["REJECTED", "TAMPERED"];
    const { reports } = await run({ batchSize: 1 });
    expect(reports.map(({ status, reason }) => `${status} ${String(reason)}`)).toEqual([
      "ended REJECTED",
      "ended TAMPERED",
    ]);
    const polls = smki.polls.length;
    await run();
    expect([smki.batches.length, smki.polls.length]).toEqual([2, polls]);
    const again = await run({ resend: [1, 2] });
    expect(again.reports.map(({ status }) => status)).toEqual(["issued", "issued"]);
  });
});

describe("a batch whose sending was not answered", () => {
  const lose = () => {
    smki.submit = (answer) => {
      answer.destroy();
      smki.submit = undefined;
    };
  };

  test("is not sent again until a person says that it did not arrive", async () => {
    put("a.csr");
    lose();
    expect(await refusal()).toMatchObject({ code: "CLIENT_SUBMISSION_UNANSWERED", batch: 1 });
    const again = await run();
    expect(again.unanswered?.details).toMatchObject({ batch: 1, reference: smki.batches[0]?.reference });
    expect(again.reports.map(({ status }) => status)).toEqual(["unanswered"]);
    expect(smki.batches).toHaveLength(1);
    expect(await refusal({ resend: [2] })).toMatchObject({ code: "CLIENT_BATCH_UNKNOWN" });
    expect((await run({ resend: [1] })).reports.map(({ status }) => status)).toEqual(["issued"]);
    expect(smki.batches).toHaveLength(2);
  });

  test("is gone on with when a person has its BatchId", async () => {
    put("a.csr");
    lose();
    await refusal();
    // A wrong number is found, and can be put right.
    expect(await refusal({ received: new Map([[1, "7"]]) })).toMatchObject({ code: "CLIENT_ANSWER_REFUSED" });
    const { reports } = await run({ received: new Map([[1, "101"]]) });
    expect(reports.map(({ status }) => status)).toEqual(["issued"]);
    expect(smki.batches).toHaveLength(1);
  });

  test("that had arrived all the same: the certificate is the one of the repository, and no other", async () => {
    const csr = put("a.csr");
    lose();
    await refusal();
    const issued = certificateFor(csr);
    const serialNumber = "1F00000000000000000000000000000A";
    smki.answers = ([one]) => [
      {
        clientId: one?.clientId ?? "",
        answer: {
          status: "CSR_ERROR",
          error: { code: "CR:9999", text: `known (serialNumber: ${serialNumber})` },
        },
      },
    ];
    const asked: string[] = [];
    const retrieve = async (serial: string) => {
      asked.push(serial);
      return issued;
    };
    expect((await run({ resend: [1] })).reports).toMatchObject([{ status: "refused", serialNumber }]);
    expect((await run({ retrieve })).reports).toMatchObject([{ status: "issued" }]);
    expect(asked).toEqual([serialNumber]);
  });

  test("that cannot have been sent is sent again without a question, elsewhere and in smaller ones too", async () => {
    put("a.csr");
    put("b.csr", deviceCsr(2));
    await smki.stop();
    expect(await refusal()).toMatchObject({ code: "CLIENT_NOT_CONNECTED", reason: "ECONNREFUSED" });
    // At another address: the one before was mistyped.
    smki = await fakeService();
    // A server that is not the one: nothing is sent to it.
    expect(await refusal({ service: new HttpService(new URL(smki.url), {}) })).toMatchObject({
      code: "CLIENT_NOT_CONNECTED",
    });
    expect(smki.batches).toHaveLength(0);
    const { reports } = await run({ batchSize: 1 });
    expect(reports.map(({ status }) => status)).toEqual(["issued", "issued"]);
    expect(smki.batches.map(({ csrs }) => csrs.length)).toEqual([1, 1]);
  });

  test("and one that the service refused whole goes again, in another", async () => {
    put("a.csr");
    for (const status of [307, 403]) {
      smki.submit = (answer) => {
        answer.writeHead(status, { location: "https://elsewhere.example/" }).end();
      };
      const path = "/1.0/PortalCSRBatch/SubmitCSRBatch";
      expect(await refusal()).toMatchObject({ code: "CLIENT_ANSWER_STATUS", status, path });
    }
    smki.submit = undefined;
    await run();
    expect(new Set(smki.batches.map(({ reference }) => reference)).size).toBe(3);
  });
});

describe("a hostile service", () => {
  const xml = (body: string) =>
    `<CSRBatchResult><Version>1.0</Version><Build>1</Build>${body}</CSRBatchResult>`;

  test("that gives the certificate of another key, Device or usage is found, and nothing of it written", async () => {
    for (const [index, name] of ["a.csr", "b.csr", "c.csr", "d.csr", "e.csr"].entries())
      put(name, deviceCsr(index));
    smki.answers = (good, csrs) => {
      const csr = (place: number) => csrs[place]?.request ?? Buffer.alloc(0);
      const wrong = [
        certificateFor(deviceCsr(0)),
        certificateFor(csr(1), { deviceId: "00db12346f0000ff" as never }),
        certificateFor(csr(2), { keyUsage: "keyAgreement" }),
        certificateFor(csr(0)),
        Buffer.from("3000", "hex"),
      ];
      return good.map(({ clientId }, place) => ({
        clientId,
        answer: { status: "SUCCESS", certificate: wrong[place] ?? Buffer.alloc(1) },
      }));
    };
    expect(statuses((await run()).reports)).toEqual({
      "a.csr": "wrong: another public key",
      "b.csr": "wrong: Device 00db12346f0000ff",
      "c.csr": "wrong: key usage keyAgreement",
      "d.csr": "wrong: another public key; Device 00db12346f000000",
      "e.csr": expect.stringContaining("wrong: no Device Certificate: ") as string,
    });
    expect(certificates()).toEqual([]);
  });

  test("that is no authority of ours is found where the authorities were given", async () => {
    put("a.csr");
    const judgeBy = ({ root, issuing }: typeof chain) =>
      createPathValidator({ roots: [root], pool: [issuing], at: present, revocation: "ignored" });
    const other = await run({ judge: judgeBy(chainOf("dca")) });
    expect(other.reports).toMatchObject([
      { status: "wrong", text: expect.stringMatching(/^path: /) as string },
    ]);
    expect((await run({ judge: judgeBy(chain) })).reports).toMatchObject([{ status: "issued" }]);
  });

  test("that leaves CSRs out, or answers what was not asked, is found", async () => {
    put("a.csr");
    put("b.csr", deviceCsr(2));
    smki.answers = ([one]) => [
      one as NonNullable<typeof one>,
      { ...(one as NonNullable<typeof one>), clientId: "csr-77" },
    ];
    const { reports, unknown } = await run();
    expect(statuses(reports)).toEqual({ "a.csr": "issued", "b.csr": "missing" });
    expect(unknown).toEqual(["csr-77"]);
  });

  const certified = "<Status>CSR_ERROR</Status><Error><ErrorCode>CR:1</ErrorCode><ErrorText/></Error>";
  const twice = `<DeviceCertificate ID="csr-1">${certified}</DeviceCertificate>`.repeat(2);
  test.each([
    [
      "an ID twice",
      xml(`<BatchStatus>COMPLETED</BatchStatus><BatchId>101</BatchId>${twice}`),
      "ANSWER_INVALID",
    ],
    [
      "another batch's result",
      xml("<BatchStatus>COMPLETED</BatchStatus><BatchId>7</BatchId>"),
      "CLIENT_ANSWER_OF_ANOTHER",
    ],
    ["no XML", "<html>", "ANSWER_INVALID"],
    ["an entity", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "ANSWER_INVALID"],
    [
      "that it does not know the batch",
      xml(
        "<BatchStatus>FORMAT_ERROR</BatchStatus><Error><ErrorCode>FM:AA3</ErrorCode><ErrorText>?</ErrorText></Error>",
      ),
      "CLIENT_ANSWER_REFUSED",
    ],
  ])("that answers with %s is found, and the good answer taken later", async (_, body, code) => {
    put("a.csr");
    smki.result = (answer) => void answer.writeHead(200).end(body);
    expect(await refusal()).toMatchObject({ code });
    expect(readdirSync(join(folder, ".smki-client")).sort()).toEqual(["journal.jsonl", "owner.lock"]);
    smki.result = undefined;
    expect((await run()).reports).toMatchObject([{ status: "issued" }]);
    expect(smki.batches).toHaveLength(1);
  });

  test("that leads elsewhere is not followed", async () => {
    put("a.csr");
    smki.result = (answer) => void answer.writeHead(302, { location: "https://elsewhere.example/" }).end();
    expect(await refusal()).toEqual({
      code: "CLIENT_ANSWER_STATUS",
      path: "/1.0/PortalCSRBatch/CSRBatchResult",
      status: 302,
      location: "https://elsewhere.example/",
    });
  });

  test("whose answer does not end is left, whether it is long or slow", async () => {
    put("a.csr");
    // With any pause between polls, `once` would not ask at all in the millisecond of the submission.
    const once = { every: 0, once: true };
    for (const [piece, pause] of [
      [" ".repeat(65_536), 0],
      [" ", 20],
    ] as const) {
      smki.result = (answer) => {
        answer.writeHead(200);
        answer.write("<CSRBatchResult><Version>1.0</Version>");
        const timer = setInterval(() => answer.write(piece), pause);
        answer.on("close", () => {
          clearInterval(timer);
        });
      };
      expect(["ANSWER_INVALID", "CLIENT_NOT_CONNECTED"]).toContain((await refusal({ polling: once })).code);
    }
  });

  test("that answers a submission with another's, or with nonsense, leaves it unanswered", async () => {
    put("a.csr");
    smki.submit = (answer) => void answer.writeHead(200).end(" ".repeat(65_537));
    expect(await refusal()).toMatchObject({ code: "CLIENT_SUBMISSION_UNANSWERED" });
    const status = (reference: string, batchId: string) =>
      `<SubmitCSRBatchStatus ID="${reference}"><Version>1.0</Version><Build>1</Build><BatchStatus>PENDING</BatchStatus><BatchId>${batchId}</BatchId></SubmitCSRBatchStatus>`;
    smki.submit = (answer, reference) =>
      void answer
        .writeHead(200)
        .end(
          `<SubmitCSRBatchStatus ID="${reference}"><Version>1.0</Version><Build>1</Build><BatchStatus>WORKFLOW_ERROR</BatchStatus><Error><ErrorCode>WF:BC5</ErrorCode><ErrorText>not with this credential</ErrorText></Error></SubmitCSRBatchStatus>`,
        );
    // What a person needs to decide by.
    expect(await refusal({ resend: [1] })).toMatchObject({
      code: "CLIENT_SUBMISSION_UNANSWERED",
      text: "not with this credential",
      reference: expect.stringMatching(/^smki-client-/) as string,
    });
    smki.submit = (answer, _, batchId) => void answer.writeHead(200).end(status("not mine", batchId));
    expect(await refusal({ resend: [1] })).toMatchObject({
      code: "CLIENT_SUBMISSION_UNANSWERED",
      reason: expect.stringContaining("belongs to another request") as string,
    });
    smki.submit = (answer, reference) => void answer.writeHead(200).end(status(reference, "101"));
    put("b.csr", deviceCsr(2));
    expect(await refusal({ resend: [1], batchSize: 1 })).toMatchObject({
      code: "CLIENT_SUBMISSION_UNANSWERED",
      batch: 2,
    });
  });
});
