import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { grouped } from "../../authorities/ceremony/fingerprint.ts";
import { hierarchyTerms, rules } from "../../authorities/ceremony/terms.testkit.ts";
import { names, sampleAccount } from "./account.testdata.ts";
import { textOfPages } from "./pdf-text.testkit.ts";
import { recordDocument } from "./record-document.ts";
import { renderHtml } from "./render-html.ts";
import { renderPdf } from "./render-pdf.ts";
import { type ScriptInput, scriptDocument, shortScript } from "./script-document.ts";

/** A text of a page: without its tags, its references resolved, its white space one. */
const textOfHtml = (html: string) =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ");
/** Long words are broken where the line ends. */
const tight = (text: string) => text.replace(/\s/g, "");

const rehearsal = "REHEARSAL: nothing made here is in use";
const sample = "SAMPLE WITNESSES: no real persons";

describe("the record of a ceremony on paper", () => {
  const account = sampleAccount();

  test("tells in HTML and in PDF who was there, each step, each fingerprint, and the digest of the signed record", async () => {
    const document = recordDocument(account);
    const pages = textOfPages(await renderPdf(document));
    for (const text of [tight(textOfHtml(renderHtml(document))), tight(pages.join(""))]) {
      for (const name of names) expect(text).toContain(tight(name));
      for (const { serialNumber, digest } of account.authorities) {
        expect(text).toContain(serialNumber);
        expect(text).toContain(digest);
      }
      for (const { words } of account.steps)
        expect(text).toContain(
          /[0-9a-f]{8}(?: [0-9a-f]{8}){7}/.exec(words)?.[0].replaceAll(" ", "") ?? tight(words),
        );
      expect(text).toContain(hash("sha256", account.record ?? "", "hex"));
      expect(text).toContain(tight("interrupted; resumed 2026-06-01 12:30:00 UTC"));
      expect(text).toContain(tight(account.checkpointBefore ?? "missing"));
      expect(text).toContain(tight(account.checkpointAfter ?? "missing"));
    }
  });

  test("shows fingerprints in groups of eight digits, four groups a line", () => {
    const groups = grouped(account.authorities[0]?.digest ?? "").split(" ");
    const html = renderHtml(recordDocument(account));
    expect(html).toContain(`SHA-256 ${groups.slice(0, 4).join(" ")}\n`);
    expect(html).toContain(`${groups.slice(4).join(" ")}</span>`);
  });

  test("has on each page of the PDF which ceremony it is of, and which page of how many", async () => {
    const pages = textOfPages(await renderPdf(recordDocument(account)));
    expect(pages.length).toBeGreaterThan(3);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain("Ceremony 7: found the key hierarchies, test");
      expect(page).toContain(grouped(hash("sha256", account.record ?? "", "hex")));
      expect(page).toContain(`Page ${String(index + 1)} of ${String(pages.length)}`);
      expect(page).not.toContain("REHEARSAL");
      expect(page).not.toContain("SAMPLE");
    }
  });

  test.each([
    [{ rehearsal: true }, [rehearsal], sample],
    [{ sample: true }, [sample], rehearsal],
    [{ rehearsal: true, sample: true }, [rehearsal, sample], "no such mark"],
  ])("%j: is marked so on every page, in both forms", async (changes, marks, other) => {
    const document = recordDocument(sampleAccount(changes));
    for (const page of textOfPages(await renderPdf(document))) {
      for (const mark of marks) expect(page).toContain(mark);
      expect(page).not.toContain(other);
    }
    const html = renderHtml(document);
    // The margin box is what a browser prints on every page; the note is what it shows.
    const margin = /@top-right \{ content: "([^"]*)"/.exec(html)?.[1];
    for (const mark of marks) {
      expect(margin).toContain(mark);
      expect(textOfHtml(html)).toContain(mark);
    }
  });

  test("one sitting with sample witnesses marks the whole record", () => {
    const [first, second] = account.sittings;
    const sittings = [first, { ...second, sampleWitnesses: true }] as typeof account.sittings;
    expect(recordDocument(sampleAccount({ sittings })).marks).toEqual([sample]);
  });

  test("has a line to sign for each witness in their role, and for whom the machine knows as a user only", () => {
    const [first] = account.sittings;
    const sittings = [{ ...first, witnesses: ["Ada Byron (internal auditor)", "Alan"] }];
    const document = recordDocument(
      sampleAccount({ sittings: sittings as typeof account.sittings }),
      "the key",
    );
    expect(document.blocks.at(-1)).toEqual({
      kind: "signatures",
      persons: [
        { role: "Witness, internal auditor", name: "Ada Byron" },
        { role: "Witness", name: "Alan" },
        { role: "At the machine, as operator:root", name: "" },
      ],
    });
    expect(textOfHtml(renderHtml(document))).toContain("Verifier key the key");
  });

  test("takes a name for a name, not for HTML or for a style", () => {
    const evil = `<script>alert("1")</script> & 'Ada' }</style>`;
    const [first] = account.sittings;
    const sittings = [{ ...first, witnesses: [evil, "Alan"] }] as typeof account.sittings;
    const html = renderHtml(recordDocument(sampleAccount({ sittings, order: { purpose: evil as "found" } })));
    expect(html).not.toContain("<script>");
    expect(html.match(/<\/style>/g)).toHaveLength(1);
    expect(textOfHtml(html)).toContain(evil);
  });

  test("of one account is the same octets each time", async () => {
    const [first, second] = [
      await renderPdf(recordDocument(account)),
      await renderPdf(recordDocument(account)),
    ];
    expect(first.equals(second)).toBe(true);
  });

  test("of a ceremony that an earlier release held shows its signed text", () => {
    const { rehearsal: _, ...old } = sampleAccount({
      sittings: [],
      steps: [],
      record: "step 1: as it was\n",
    });
    expect(textOfHtml(renderHtml(recordDocument({ ...old, rehearsal: false })))).toContain(
      "step 1: as it was",
    );
  });
});

describe("the script of a ceremony", () => {
  const input: ScriptInput = {
    order: { purpose: "found" },
    terms: hierarchyTerms(2),
    witnesses: rules.ceremonyWitnesses,
    rehearsal: false,
    software: "opensmki 0.1.0",
    softwareHash: "ab".repeat(32),
    keyStores: "ceremony in the token roots; operational in the token issuing",
    at: new Date("2026-06-01T12:00:00Z"),
  };

  test("says who must be there and by which clause, what will be made, and each step with a box to tick", async () => {
    const document = scriptDocument(input);
    const html = renderHtml(document);
    const pdf = textOfPages(await renderPdf(document)).join("");
    for (const text of [textOfHtml(html), pdf]) {
      expect(text).toContain("At least 2 named persons");
      expect(text).toContain(rules.ceremonyWitnesses.clause);
      expect(text).toContain("Witness 2");
      expect(text).toContain("issuing-dca/0002");
      expect(tight(text)).toContain(tight(input.keyStores));
      expect(text).toContain("sign the certificate of root-oca");
      expect(tight(text)).toContain("ab".repeat(32));
    }
    // Key, intent and certificate of 7 CAs, three steps for the Contingency keys, one look, 5 lists; and before and after.
    expect(html.match(/class="box"/g)).toHaveLength(7 * 3 + 3 + 1 + 5 + 5 + 5);
    expect(pdf.match(/☐/g)).toHaveLength(7 * 3 + 3 + 1 + 5 + 5 + 5);
  });

  test("of a rehearsal is marked on every page", async () => {
    for (const page of textOfPages(await renderPdf(scriptDocument({ ...input, rehearsal: true }))))
      expect(page).toContain(rehearsal);
  });

  test("in short names the steps by their parts", () => {
    expect(shortScript(input)).toContain("  Stock of Issuing DCAs: 6 steps");
  });
});
