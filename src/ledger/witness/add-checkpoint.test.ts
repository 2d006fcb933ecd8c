import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddCheckpoint, formatAddCheckpoint, parseAddCheckpoint } from "./add-checkpoint.ts";

// The request of C2SP tlog-witness, "add-checkpoint".
const checkpoint = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;
const example = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

${checkpoint}`;
const hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
const parse = (text: string): AddCheckpoint => parseAddCheckpoint(Buffer.from(text));

describe("the body of add-checkpoint", () => {
  test("is read as the specification's example, and written as the same text", () => {
    const request = parse(example);
    expect(request).toMatchObject({ oldSize: 20_852_014, checkpoint });
    expect(request.proof).toHaveLength(4);
    expect(formatAddCheckpoint(request)).toBe(example);
  });

  test("without a proof goes from the old size to the checkpoint by one empty line", () => {
    expect(parse(`old 0\n\n${checkpoint}`)).toEqual({ oldSize: 0, proof: [], checkpoint });
  });

  test("takes 63 hashes and no more", () => {
    expect(parse(`old 1\n${hash.repeat(63)}\n${checkpoint}`).proof).toHaveLength(63);
    expect(() => parse(`old 1\n${hash.repeat(64)}\n${checkpoint}`)).toThrow(
      expect.objectContaining({ code: "LEDGER_WITNESS_REQUEST_MALFORMED" }),
    );
  });

  test.each([
    "",
    "\n\n",
    `old 0\n${checkpoint.replace("\n\n", "\n")}`,
    `old 00\n\n${checkpoint}`,
    `old -1\n\n${checkpoint}`,
    `old  1\n\n${checkpoint}`,
    `old 9007199254740992\n\n${checkpoint}`,
    `Old 1\n\n${checkpoint}`,
    `old 1\r\n\n${checkpoint}`,
    `old 1 \n\n${checkpoint}`,
    `\ufeffold 1\n\n${checkpoint}`,
    `${hash}\n${checkpoint}`,
    `old 1\n${hash.slice(4)}\n${checkpoint}`,
    `old 1\n${hash.replace("=", "")}\n${checkpoint}`,
    `old 1\n${hash.trimEnd()} \n\n${checkpoint}`,
  ])("is refused as %j", (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "LEDGER_WITNESS_REQUEST_MALFORMED" }));
  });

  test("that is not UTF-8 is refused", () => {
    const octets = Buffer.concat([Buffer.from(example), Buffer.of(0xff)]);
    expect(() => parseAddCheckpoint(octets)).toThrow(
      expect.objectContaining({ code: "LEDGER_WITNESS_REQUEST_MALFORMED" }),
    );
  });

  test("is what was written, for any old size and proof", () => {
    const proof = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 });
    fc.assert(
      fc.property(fc.maxSafeNat(), proof, (oldSize, hashes) => {
        const request = { oldSize, proof: hashes.map((octets) => Buffer.from(octets)), checkpoint };
        expect(parse(formatAddCheckpoint(request))).toEqual(request);
      }),
    );
  });

  test("of any octets is read or refused with a code, never with another failure", () => {
    const likeIt = fc
      .array(fc.constantFrom("old 1\n", "old ", "\n", hash, checkpoint, "—", "\u0000", "="))
      .map((parts) => Buffer.from(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), likeIt), (octets) => {
        try {
          expect(formatAddCheckpoint(parseAddCheckpoint(octets))).toBe(Buffer.from(octets).toString());
        } catch (error) {
          expect(error).toMatchObject({ code: "LEDGER_WITNESS_REQUEST_MALFORMED" });
        }
      }),
    );
  });
});
