import fc from "fast-check";

/** Requests as clients send them, in several styles of writing. */
const honestDocuments: readonly string[] = [
  `<?xml version="1.0" encoding="utf-8"?><CertificateSearchRequest><CertificateSubjectAltName>00-db-12-34-00-00-00-01</CertificateSubjectAltName></CertificateSearchRequest>`,
  `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<CertificateSearchRequest>\n  <CertificateSubjectName>90-B3-D5-1F-30-01-00-00</CertificateSubjectName>\n</CertificateSearchRequest>\n`,
  `<CertificateDataRequest><!-- serial --><CertificateSerial>4a236ded773453322260f7de7c44c166</CertificateSerial></CertificateDataRequest>`,
  `<CertificateDataRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><CertificateSerial>1&#x32;3</CertificateSerial></CertificateDataRequest>`,
];

/** What attacks on parsers are made of. */
const hostile = [
  "<!DOCTYPE a>",
  `<!DOCTYPE a [<!ENTITY e "&e;&e;">]>`,
  `<!ENTITY % p SYSTEM "http://127.0.0.1/">`,
  "&e;",
  "&#0;",
  "&#xD800;",
  "&#99999999999;",
  "<![CDATA[",
  "]]>",
  "<?xml version='1.0'?>",
  "<?x ?>",
  "<!--",
  "-->",
  "<a",
  "</a>",
  "/>",
  "\u0000",
  "\ufeff",
  "\ud83d\ude00",
  "<CertificateSerial>",
  "</CertificateSubjectAltName>",
  ` a="b"`,
  "xmlns:xml='x'",
  "<a>".repeat(20),
  "x".repeat(5000),
];

type Change = (octets: Buffer) => Buffer;

const splice = (octets: Buffer, at: number, removed: number, added: Uint8Array): Buffer => {
  const start = at % (octets.length + 1);
  return Buffer.concat([octets.subarray(0, start), added, octets.subarray(start + removed)]);
};

const position = fc.nat(1000);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(position, fc.nat(255)).map(
    ([at, octet]): Change =>
      (octets) =>
        splice(octets, at, 1, Buffer.of(octet)),
  ),
  fc.tuple(position, fc.nat(40)).map(
    ([at, removed]): Change =>
      (octets) =>
        splice(octets, at, removed, Buffer.alloc(0)),
  ),
  fc.tuple(position, fc.constantFrom(...hostile)).map(
    ([at, text]): Change =>
      (octets) =>
        splice(octets, at, 0, Buffer.from(text)),
  ),
  fc.tuple(position, position, fc.nat(80)).map(
    ([at, from, length]): Change =>
      (octets) =>
        splice(octets, at, 0, octets.subarray(from, from + length)),
  ),
  fc.constant<Change>((octets) => Buffer.from(octets.toString("latin1"), "utf16le")),
  // A change that leaves the document well-formed, so that what is accepted is tested too.
  fc.constantFrom(" ", "\n", "<!-- -->").map(
    (text): Change =>
      (octets) =>
        Buffer.concat([octets, Buffer.from(text)]),
  ),
);

/** An honest document after up to four changes. */
export const mutatedDocument: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom(...honestDocuments), fc.array(change, { maxLength: 4 }))
  .map(([document, changes]) =>
    changes.reduce<Buffer>((octets, apply) => apply(octets), Buffer.from(document)),
  );
