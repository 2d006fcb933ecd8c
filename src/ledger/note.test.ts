import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { formatVerifierKey, noteVerifier, openNote, parseVerifierKey, signNote } from "./note.ts";

// The verifier key and note of C2SP signed-note, "Example".
const exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const exampleNote =
  "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

const pair = generateKeyPairSync("ed25519");
const verifier = noteVerifier("smki.example/ledger", pair.publicKey.export({ format: "der", type: "spki" }));
const signOctets = (message: Buffer) => Promise.resolve(sign(null, message, pair.privateKey));
const checkpoint = { origin: "smki.example/ledger", size: 20_852_163, root: Buffer.alloc(32, 7) };

describe("signed notes", () => {
  test("the specification's example opens with its verifier key", () => {
    expect(openNote(exampleNote, [parseVerifierKey(exampleKey)])).toBe("This is an example message.\n");
  });

  test("a verifier key written again is the same text", () => {
    expect(formatVerifierKey(parseVerifierKey(exampleKey))).toBe(exampleKey);
    expect(parseVerifierKey(formatVerifierKey(verifier)).keyId).toBe(verifier.keyId);
  });

  test.each([
    "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/foo+530d903a",
    "",
  ])("the verifier key %j is refused", (text) => {
    expect(() => parseVerifierKey(text)).toThrow(
      expect.objectContaining({ code: "LEDGER_VERIFIER_KEY_MALFORMED" }),
    );
  });

  test("a note with its text altered is not opened", () => {
    const altered = exampleNote.replace("example message", "Example message");
    expect(() => openNote(altered, [parseVerifierKey(exampleKey)])).toThrow(
      expect.objectContaining({ code: "LEDGER_NOTE_UNVERIFIED" }),
    );
  });

  test("a note that only unknown keys have signed is not opened", () => {
    expect(() => openNote(exampleNote, [verifier])).toThrow(
      expect.objectContaining({ code: "LEDGER_NOTE_UNVERIFIED" }),
    );
  });

  test("a witness's signature beside ours is passed over, also one of another kind", async () => {
    const note = `${await signNote("a\n\nb\n", verifier, signOctets)}— witness.example ${Buffer.alloc(90, 1).toString("base64")}\n`;
    expect(openNote(note, [verifier])).toBe("a\n\nb\n");
  });

  test.each([
    "",
    "text\n",
    "text\n\n",
    "text\n\n— name\n",
    "text\n\n— name AAAA\n",
    "text\n\n- name AAAAAAA=\n",
    "\n\n— a b",
  ])("%j is not a signed note", (note) => {
    expect(() => openNote(note, [verifier])).toThrow(
      expect.objectContaining({ code: "LEDGER_NOTE_MALFORMED" }),
    );
  });

  test("a text without a newline at its end, or with a control character, is not signed", async () => {
    for (const text of ["a", "a\tb\n", "\ud800\n"]) {
      await expect(signNote(text, verifier, signOctets)).rejects.toMatchObject({
        code: "LEDGER_NOTE_MALFORMED",
      });
    }
  });

  test("no altered octet of a note leaves it open with another text", async () => {
    const note = Buffer.from(await signCheckpoint(checkpoint, verifier, signOctets));
    fc.assert(
      fc.property(fc.nat({ max: note.length - 1 }), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const altered = Buffer.from(note);
        altered[position] = (altered[position] ?? 0) ^ change;
        expect(() => openNote(altered.toString("utf8"), [verifier])).toThrow();
      }),
    );
  });
});

describe("checkpoints", () => {
  test("the specification's example is read", () => {
    const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const read = parseCheckpoint(text);
    expect([read.origin, read.size]).toEqual(["example.com/behind-the-sofa", 20_852_163]);
    expect(formatCheckpoint(read)).toBe(text);
  });

  test("a signed checkpoint opens with the ledger's verifier key", async () => {
    const note = await signCheckpoint(checkpoint, verifier, signOctets);
    expect(openCheckpoint(note, verifier)).toEqual(checkpoint);
  });

  test("a checkpoint of another origin is refused, although our key signed it", async () => {
    const note = await signCheckpoint({ ...checkpoint, origin: "smki.example/other" }, verifier, signOctets);
    expect(() => openCheckpoint(note, verifier)).toThrow(
      expect.objectContaining({ code: "LEDGER_NOTE_UNVERIFIED" }),
    );
  });

  test.each([
    "a\n1\n",
    "a\n01\nAAAA\n",
    "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
  ])("%j is not the text of a checkpoint", (text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: "LEDGER_NOTE_MALFORMED" }));
  });
});

test("A verifier key that is none is not told of at length, nor as it stands: any file may have been given", () => {
  let told = "";
  try {
    parseVerifierKey(`\u001b[2J${"x\n".repeat(5_000)}`);
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told).toContain("x");
  expect(told.length).toBeLessThan(300);
  expect(told).not.toMatch(/\p{Cc}/u);
});
