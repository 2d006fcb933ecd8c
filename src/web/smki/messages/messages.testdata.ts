import fc from "fast-check";
import { adHocRefusal, batchRefusal, csrRefusal } from "./error-codes.ts";
import type { BatchedAnswer } from "./index.ts";
import {
  BatchResultReader,
  readAdHocAnswer,
  readAdHocRequest,
  readSubmitBatchStatus,
  SubmitBatchReader,
  writeAdHocAnswer,
  writeAdHocRequest,
  writeBatchRefusal,
  writeCompleteBatch,
  writeIncompleteBatch,
  writeSubmitBatch,
  writeSubmitBatchStatus,
} from "./index.ts";
import { incompleteStatuses } from "./statuses.ts";

export const build = "0.3.0";
const der = Buffer.from("30820113300b0609", "hex");
const certificate = Buffer.from("308201a23082014909", "hex");

/** Refusals that have each status of each message. */
const refusals = {
  adHoc: [
    adHocRefusal({ code: "XML_INVALID", details: { reason: "1:2: text" } }),
    adHocRefusal({ code: "CSR_SIGNATURE_INVALID", details: {} }),
    adHocRefusal({ code: "DEVICE_CERTIFICATE_LIMIT", details: { limit: 100 } }),
    adHocRefusal({ code: "DEVICE_NEVER_CERTIFIED", details: {} }),
    adHocRefusal({ code: "AUTHORITY_MISSING", details: {} }),
    adHocRefusal({ code: "INTERNAL", details: {} }),
  ],
  csr: [
    csrRefusal({ code: "CSR_MALFORMED", details: { reason: `<&>"'\u0001` } }),
    csrRefusal({ code: "DEVICE_CERTIFICATE_LIMIT", details: {} }),
    csrRefusal({ code: "DEVICE_NOT_ELIGIBLE", details: { reason: "type-2-device" } }),
    csrRefusal({ code: "CLOCK_WENT_BACK", details: {} }),
    csrRefusal({ code: "INTENT_ALTERED", details: {} }),
  ],
  batch: [
    batchRefusal({ code: "BATCH_TOO_LARGE", details: { maximum: 50_000 } }, "submission"),
    batchRefusal({ code: "DATABASE_FAILED", details: {} }, "query"),
  ],
} as const;

const head = { reference: `b<1>&"'\t\n 😀`, build, batchId: "1234" };

export const answers: readonly BatchedAnswer[] = [
  { clientId: "ID0", answer: { status: "SUCCESS", certificate } },
  ...refusals.csr.map((answer, index): BatchedAnswer => ({ clientId: `_r.${String(index)}-é`, answer })),
  { clientId: "ID1", answer: { status: "SUCCESS", certificate } },
];

export const csrs = ["ID0", "_a.b-c", "é·9", "Z".repeat(100)].map((clientId, index) => ({
  clientId,
  request: der.subarray(0, 8 - index),
}));

async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

/** Every message that this project writes, with every status, by what it is. */
export const ownMessages: readonly (readonly [string, string])[] = [
  ["ad hoc request", writeAdHocRequest("clientId1", der)],
  ["ad hoc request with a strange ID", writeAdHocRequest(` <"&>\t😀`.padEnd(32, "😀"), der)],
  ["ad hoc request without octets", writeAdHocRequest("1", Buffer.alloc(0))],
  [
    "ad hoc answer SUCCESS",
    writeAdHocAnswer({
      reference: "1",
      build,
      transactionId: "12345",
      answer: { status: "SUCCESS", certificate },
    }),
  ],
  ...refusals.adHoc.map(
    (answer) =>
      [`ad hoc answer ${answer.status}`, writeAdHocAnswer({ build, transactionId: "7", answer })] as const,
  ),
  ["batch", await textOf(writeSubmitBatch("b1999", csrs))],
  ["batch answer PENDING", writeSubmitBatchStatus({ ...head, outcome: { status: "PENDING", batchId: "9" } })],
  ...refusals.batch.map(
    (outcome) =>
      [`batch answer ${outcome.status}`, writeSubmitBatchStatus({ reference: "b", build, outcome })] as const,
  ),
  ...incompleteStatuses.map((status) => [`result ${status}`, writeIncompleteBatch(head, status)] as const),
  ...refusals.batch.map(
    ({ status, error }) => [`result ${status}`, writeBatchRefusal(build, status, error)] as const,
  ),
  ["result COMPLETED", await textOf(writeCompleteBatch(head, [answers]))],
];

/** How a message is read: the way that its root tells. @throws SmkiError */
export function readAny(octets: Uint8Array): void {
  const text = Buffer.from(octets).toString("latin1");
  // The first of a message's names, so that every reader has its share of mutants.
  const roots = [
    "DeviceCertificateSigningRequest",
    "DeviceCertificateSigningResponse",
    "SubmitCSRBatchStatus",
    "SubmitCSRBatch",
    "CSRBatchResult",
  ];
  switch (roots.find((root) => text.includes(root))) {
    case "DeviceCertificateSigningRequest":
      readAdHocRequest(octets, "collapsed");
      return;
    case "DeviceCertificateSigningResponse":
      readAdHocAnswer(octets);
      return;
    case "SubmitCSRBatchStatus":
      readSubmitBatchStatus(octets);
      return;
    case "CSRBatchResult": {
      const reader = new BatchResultReader();
      reader.write(octets);
      reader.end();
      return;
    }
    default: {
      const reader = new SubmitBatchReader({ maximumCsrs: 50_000, whitespace: "collapsed" });
      reader.write(octets);
      reader.end();
    }
  }
}

/** What mutations put into a message, or in the place of a part of it. */
const parts = [
  ...["Version", "Build", "Status", "BatchStatus", "BatchId", "TransactionId", "DeviceCSR"].flatMap(
    (name) => [`<${name}>`, `</${name}>`, `<${name}/>`],
  ),
  ...["<Certificate>", "</Certificate>", "<Error>", "</Error>", `<Certificate nil="true"/>`],
  ...[`<DeviceCSR ID="ID0">`, `<DeviceCSR ID="ID7">`, `<DeviceCSR ID="7">`, `<DeviceCSR ID="a:b">`],
  ...[`<DeviceCSR ID=" x ">`, `<DeviceCSR ID='y' >`, `<DeviceCSR ID="">`, `<DeviceCSR ID="ID5" a="b">`],
  ...[`<DeviceCSR ID="z">AAAA</DeviceCSR>`, `<DeviceCSR ID="é">AAAA</DeviceCSR>`, "<x/>", "<SubmitCSRBatch>"],
  ...["AAAA", "A A\nA A", "AA==", "AA = =", "AB==", "AAA", "A=", "====", "-----BEGIN", " ", "\n", "\t", "x"],
  ...["1.0", " 1.0", "1.1", "0", "+01", "-1", "00", "1 2", "SUCCESS", "success", "PENDING", "COMPLETED"],
  ...[
    "FM:1",
    "FM:12345678",
    "fm:1",
    "FM:",
    "CA:é",
    "&#65;",
    "&amp;",
    "&lt;",
    "<!-- c -->",
    "<!-- </DeviceCSR> -->",
  ],
  ...[
    "<?pi x?>",
    "<![CDATA[AAAA]]>",
    "<!DOCTYPE a>",
    "]]>",
    "\u0000",
    "\ufeff",
    "\r",
    "\r\n",
    "é",
    "😀",
    "\ud800",
  ],
] as const;

const attributes = [
  ` ID="a"`,
  ` ID="1"`,
  ` ID=""`,
  ` ID="${"x".repeat(33)}"`,
  ` ID="${"x".repeat(257)}"`,
  ` id="a"`,
  ` xmlns="urn:x"`,
  ` xmlns=""`,
  ` xmlns:p="urn:p"`,
  ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`,
  ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a b"`,
  ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"`,
  ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"`,
  ` xsi:nil="true"`,
  ` xml:lang="en"`,
  ` xmlns:xml="urn:x"`,
] as const;

type Change = (tokens: readonly string[]) => string[];

const at = fc.nat(1000);
const part = fc.constantFrom(...parts);
const changed = (tokens: readonly string[], index: number, count: number, ...added: string[]): string[] =>
  tokens.toSpliced(index % (tokens.length + 1), count, ...added);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, fc.integer({ min: 1, max: 4 })).map(
    ([index, count]): Change =>
      (tokens) =>
        changed(tokens, index, count),
  ),
  fc.tuple(at, part, fc.nat(1)).map(
    ([index, text, count]): Change =>
      (tokens) =>
        changed(tokens, index, count, text),
  ),
  fc.tuple(at, at, fc.integer({ min: 1, max: 4 })).map(
    ([index, from, count]): Change =>
      (tokens) =>
        changed(tokens, index, 0, ...tokens.slice(from % tokens.length).slice(0, count)),
  ),
  fc.tuple(at, fc.constantFrom(...attributes)).map(
    ([index, attribute]): Change =>
      (tokens) => {
        const tags = tokens.flatMap((token, place) => (/^<[A-Za-z]/.test(token) ? [place] : []));
        const place = tags[index % Math.max(tags.length, 1)];
        if (place === undefined) return [...tokens];
        return tokens.with(place, tokens[place]!.replace(/( ID="[^"]*")?(\/?>)$/, `${attribute}$2`));
      },
  ),
  // One character of one token.
  fc.tuple(at, at, fc.constantFrom("", " ", "0", "A", "=", "<", ">", "&", '"', "\n", "é")).map(
    ([index, place, text]): Change =>
      (tokens) => {
        const token = tokens[index % Math.max(tokens.length, 1)] ?? "";
        const cut = place % (token.length + 1);
        return tokens.length === 0
          ? []
          : tokens.with(index % tokens.length, token.slice(0, cut) + text + token.slice(cut + 1));
      },
  ),
  // Changes that leave a message what it is.
  fc.tuple(at, fc.constantFrom("\n", "<!-- -->", "<!-- > -->")).map(
    ([index, text]): Change =>
      (tokens) => {
        const tags = tokens.flatMap((token, place) => (/^<[^?]/.test(token) ? [place] : []));
        return changed(tokens, tags[index % Math.max(tags.length, 1)] ?? 0, 0, text);
      },
  ),
);

/** A message of ours after up to three changes of its parts. */
export const mutatedMessage: fc.Arbitrary<Buffer> = mutated(ownMessages);

/** A batch after as many. */
export const mutatedBatch: fc.Arbitrary<Buffer> = mutated(ownMessages.filter(([name]) => name === "batch"));

/** The result of a batch after as many. */
export const mutatedResult: fc.Arbitrary<Buffer> = mutated(
  ownMessages.filter(([name]) => name === "result COMPLETED"),
);

function mutated(messages: typeof ownMessages): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...messages), fc.array(change, { maxLength: 3 }))
    .map(([[, message], changes]) => {
      const tokens = message.match(/<[^>]*>|[^<]+/g) ?? [];
      return Buffer.from(changes.reduce<string[]>((left, apply) => apply(left), [...tokens]).join(""));
    });
}
