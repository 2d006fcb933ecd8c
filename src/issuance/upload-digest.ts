import { createHash } from "node:crypto";

/** A CSR as it stands in an upload. */
export interface UploadedRequest {
  /** The client's own ID of it, unique in the batch: the `ID` of a `DeviceCSR`, or the name of a file. */
  readonly clientId: string;
  /** PKCS#10, DER, not yet looked at. */
  readonly request: Uint8Array;
}

/**
 * SHA-256 over a batch: of each CSR, in order, its client's ID in UTF-8 and its octets, each led by its length in
 * four octets, big-endian. So no two batches have the same octets under it.
 */
export class UploadDigest {
  readonly #hash = createHash("sha256");
  #count = 0;

  add({ clientId, request }: UploadedRequest): void {
    for (const part of [Buffer.from(clientId), request]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      this.#hash.update(length).update(part);
    }
    this.#count += 1;
  }

  /** CSRs so far. */
  get count(): number {
    return this.#count;
  }

  /** In hexadecimal; nothing is added after this. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}
