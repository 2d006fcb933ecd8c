/** A type of document that the repository takes. */
export interface DocumentType {
  readonly mediaType: string;
  /** Of a file of this type, without the dot. */
  readonly extension: string;
  /** What its octets begin with; absent: text in UTF-8. */
  readonly begins?: Buffer;
}

/** What Word and Excel write is a ZIP file. */
const zip = Buffer.from("PK\u0003\u0004", "latin1");
const office = "application/vnd.openxmlformats-officedocument";

/**
 * The types that are taken. No HTML, SVG or XML: a browser would run what stands in them, and no header that we send
 * outlives the saving of a file.
 */
export const documentTypes: readonly DocumentType[] = [
  { mediaType: "application/pdf", extension: "pdf", begins: Buffer.from("%PDF-") },
  { mediaType: "text/plain", extension: "txt" },
  { mediaType: "text/csv", extension: "csv" },
  { mediaType: `${office}.wordprocessingml.document`, extension: "docx", begins: zip },
  { mediaType: `${office}.spreadsheetml.sheet`, extension: "xlsx", begins: zip },
];

/** The type of that media type, whatever parameters stand behind it; undefined where it is not taken. */
export function documentTypeOf(mediaType: string): DocumentType | undefined {
  const [bare = ""] = mediaType.split(";", 1);
  return documentTypes.find((type) => type.mediaType === bare.trim().toLowerCase());
}

/** The type of a file by its name; undefined where it is not taken. */
export function documentTypeOfFile(file: string): DocumentType | undefined {
  return documentTypes.find(({ extension }) => file.toLowerCase().endsWith(`.${extension}`));
}

/** Decides, part by part, whether octets are what their type says. */
export class TypeCheck {
  readonly #begins: Buffer | undefined;
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  #first = Buffer.alloc(0);
  #isGood = true;

  constructor({ begins }: DocumentType) {
    this.#begins = begins;
  }

  write(octets: Uint8Array): void {
    if (this.#begins === undefined) this.#decode(octets);
    else if (this.#first.length < this.#begins.length)
      this.#first = Buffer.concat([this.#first, octets.subarray(0, this.#begins.length)]);
  }

  /** @returns whether they were; nothing may be written afterwards */
  end(): boolean {
    const begins = this.#begins;
    if (begins !== undefined) return this.#first.subarray(0, begins.length).equals(begins);
    this.#decode();
    return this.#isGood;
  }

  #decode(octets?: Uint8Array): void {
    try {
      const text = this.#text.decode(octets, { stream: octets !== undefined });
      // No text has a zero, and every program that is taken for one does.
      if (text.includes("\0")) this.#isGood = false;
    } catch {
      this.#isGood = false;
    }
  }
}
