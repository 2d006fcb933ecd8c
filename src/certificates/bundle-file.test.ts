import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { bundleOctetLimit, decodeBundleFile, encodeListPem } from "./bundle-file.ts";
import { encodePem } from "./certificate-file.ts";
import { chainOf, listOf } from "./path/chains.testdata.ts";

const { root, issuing, leaf } = chainOf("dca");
const list = listOf(chainOf("dca"), "root");
const text = encodePem(leaf.der) + encodeListPem(list.der) + encodePem(issuing.der) + encodePem(root.der);

describe("a bundle file", () => {
  test.each([
    ["PEM", Buffer.from(text)],
    ["PEM with text between", Buffer.from(`subject=…\n${text.replaceAll("\n", "\r\n")}the end`)],
    ["DER, one after another", Buffer.concat([leaf.der, list.der, issuing.der, root.der])],
    [
      "Base64 of that",
      Buffer.from(Buffer.concat([leaf.der, list.der, issuing.der, root.der]).toString("base64")),
    ],
  ])("holds certificates and lists: %s", (_, file) => {
    const { certificates, lists } = decodeBundleFile(file);
    expect(certificates.map(({ der }) => der.toString("hex"))).toEqual(
      [leaf, issuing, root].map(({ der }) => der.toString("hex")),
    );
    expect(lists.map(({ der }) => der.toString("hex"))).toEqual([list.der.toString("hex")]);
  });

  test.each([
    ["is empty", ""],
    ["is other text", "hello, world"],
    ["holds a private key too", `${text}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`],
    ["has no end line", text.replace(/-----END.*/, "")],
    ["has a stray character", text.replace("MI", "M*I")],
  ])("that %s is refused", (_, file) => {
    expect(() => decodeBundleFile(Buffer.from(file))).toThrow(/holds no certificate or revocation list/);
  });

  it("that is too large is refused before it is read", () => {
    expect(() => decodeBundleFile(Buffer.alloc(bundleOctetLimit + 1))).toThrow("larger than is allowed");
  });

  it("that is mutated is read or refused with a code", () => {
    const der = Buffer.concat([leaf.der, list.der]);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.boolean(), (at, octet, asText) => {
        const mutant = Buffer.from(der);
        mutant[at] = octet;
        try {
          decodeBundleFile(asText ? Buffer.from(mutant.toString("base64")) : mutant);
        } catch (error) {
          expect(isSmkiError(error)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
