import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { formatVerifierKey, openNote, parseNote, parseVerifierKey, signNote } from "../note.ts";
import { cosign, readCosignature } from "./cosignature.ts";
import { cosignedMessage, decodeTimestamped, encodeTimestamped } from "./cosignature-message.ts";
import { testKey } from "./witness.testkit.ts";

// A checkpoint of the public test log arche2025h1.staging.ct.transparency.dev with what public witnesses said of it,
// and the published keys of that log and of one of the witnesses.
const logKey =
  "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
const witnessKey = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
const text =
  "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n";
const logLine =
  "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n";
const otherLines =
  "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n" +
  "— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
const witnessLine =
  "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";

const witness = testKey("witness.example/w1", "cosignature");
const log = testKey("log.example/one", "signature");
const at = new Date("2026-03-04T05:06:07.008Z");
const code = (value: string): unknown => expect.objectContaining({ code: value });

describe("a cosigned checkpoint of a public log", () => {
  test("opens with the log's key, with its witness's, and with both", () => {
    const note = `${text}\n${otherLines}${logLine}${witnessLine}`;
    for (const keys of [[logKey], [witnessKey], [logKey, witnessKey]])
      expect(openNote(note, keys.map(parseVerifierKey))).toBe(text);
  });

  test("tells when the witness cosigned it", () => {
    const cosignature = readCosignature(text, otherLines + witnessLine, parseVerifierKey(witnessKey));
    expect(cosignature).toEqual({ line: witnessLine, at: new Date("2026-05-23T21:50:24Z") });
  });

  test("does not open when the witness's line is of another size of the log", () => {
    const note = `${text.replace("1432088532", "1432088533")}\n${witnessLine}`;
    expect(() => openNote(note, [parseVerifierKey(witnessKey)])).toThrow(code("LEDGER_NOTE_UNVERIFIED"));
  });

  test("has a verifier key that is the same text when it is written again", () => {
    expect(formatVerifierKey(parseVerifierKey(witnessKey))).toBe(witnessKey);
    expect(parseVerifierKey(witnessKey).kind).toBe("cosignature");
  });
});

test("what a witness signs is the specification's example", () => {
  const checkpoint = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  expect(cosignedMessage(checkpoint, 1_679_315_147n).toString()).toBe(
    `cosignature/v1\ntime 1679315147\n${checkpoint}`,
  );
  const [line] = parseNote(
    `${checkpoint}\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n`,
  ).signatures;
  expect(line).toMatchObject({ name: "witness.example.com/w1", keyId: "8d66cf3f" });
  expect(decodeTimestamped(line?.signature ?? Buffer.alloc(0))?.seconds).toBe(1_679_315_147n);
});

describe("our own cosignature", () => {
  test("opens beside the log's signature, and bears its time to the second", async () => {
    const note = await signNote(text, log.verifier, log.sign);
    const cosignature = await cosign(text, witness.verifier, witness.sign, at);
    expect(openNote(note + cosignature.line, [log.verifier, witness.verifier])).toBe(text);
    expect(readCosignature(text, cosignature.line, witness.verifier)).toEqual(cosignature);
    expect(cosignature.at).toEqual(new Date("2026-03-04T05:06:07Z"));
  });

  test("is not taken for a signature of the same key over the text, nor the other way round", async () => {
    const plain = { ...witness.verifier, kind: "signature" as const };
    const { line } = await cosign(text, witness.verifier, witness.sign, at);
    expect(() => openNote(`${text}\n${line}`, [plain])).toThrow(code("LEDGER_NOTE_UNVERIFIED"));
    const signed = await signNote(text, plain, witness.sign);
    expect(() => openNote(signed, [witness.verifier])).toThrow(code("LEDGER_NOTE_UNVERIFIED"));
  });

  test("fails with the whole note when one octet of it was altered", async () => {
    const { line } = await cosign(text, witness.verifier, witness.sign, at);
    const [parsed] = parseNote(`${text}\n${line}`).signatures;
    const octets = Buffer.from(parsed?.signature ?? []);
    fc.assert(
      fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const altered = Buffer.from(octets);
        altered[position] = (altered[position] ?? 0) ^ change;
        const keyed = Buffer.concat([Buffer.from(witness.verifier.keyId, "hex"), altered]);
        const lines = `— ${witness.verifier.name} ${keyed.toString("base64")}\n`;
        expect(() => readCosignature(text, lines, witness.verifier)).toThrow(code("LEDGER_NOTE_UNVERIFIED"));
      }),
    );
  });

  test("of no time, or of a time that no date can be, is refused", async () => {
    for (const seconds of [0n, 2n ** 63n - 1n, 2n ** 63n]) {
      const signature = await witness.sign(cosignedMessage(text, seconds));
      const octets = Buffer.concat([
        Buffer.from(witness.verifier.keyId, "hex"),
        encodeTimestamped({ seconds, signature }),
      ]);
      const line = `— ${witness.verifier.name} ${octets.toString("base64")}\n`;
      expect(() => readCosignature(text, line, witness.verifier)).toThrow(code("LEDGER_NOTE_UNVERIFIED"));
    }
  });

  test("is refused where it fails beside another that holds", async () => {
    const { line } = await cosign(text, witness.verifier, witness.sign, at);
    const { line: ofOther } = await cosign(`${text}more\n`, witness.verifier, witness.sign, at);
    expect(() => readCosignature(text, line + ofOther, witness.verifier)).toThrow(
      code("LEDGER_NOTE_UNVERIFIED"),
    );
  });
});

test("an answer of any characters is refused with a code, never with another failure", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (answer) => {
      let failure: unknown;
      try {
        readCosignature(text, answer, witness.verifier);
      } catch (error) {
        failure = error;
      }
      expect(isSmkiError(failure)).toBe(true);
    }),
  );
});
