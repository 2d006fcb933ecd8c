import { SmkiError } from "../../errors/smki-error.ts";
import { asBuffer } from "../der/index.ts";

/** The prime of P-256's field and the curve's coefficient b (FIPS 186-4 D.1.2.3, SP 800-186 3.2.1.3); a is -3. */
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const coefficient = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

const pointOctets = 65;

/**
 * The point that was found good last: building a certificate, reading it back and linting it each ask about the same
 * one. A copy, not a view of octets that may change; before the first it is no point.
 */
const lastGood = Buffer.alloc(pointOctets);

/**
 * Checks an uncompressed P-256 point (RFC 5480 2.2): 65 octets, the first 04, and a point on the curve. It is checked
 * here, before anything is stored, and not left to the library that later imports the key (SP 800-56A 5.6.2.3.4:
 * P-256 has cofactor 1, so on the curve and not infinity is the full validation).
 *
 * @returns the same octets
 * @throws SmkiError PUBLIC_KEY_POINT_INVALID
 */
export function decodePublicPoint(octets: Uint8Array): Buffer {
  const point = asBuffer(octets);
  if (point.length !== pointOctets) throw new SmkiError("PUBLIC_KEY_POINT_INVALID", { octets: point.length });
  if (point[0] !== 0x04)
    throw new SmkiError("PUBLIC_KEY_POINT_INVALID", { form: point.toString("hex", 0, 1) });
  if (point.equals(lastGood)) return point;
  const x = BigInt(`0x${point.toString("hex", 1, 33)}`);
  const y = BigInt(`0x${point.toString("hex", 33, 65)}`);
  const onCurve = x < prime && y < prime && (y * y - ((x * x - 3n) * x + coefficient)) % prime === 0n;
  if (!onCurve) throw new SmkiError("PUBLIC_KEY_POINT_INVALID", { onCurve: false });
  point.copy(lastGood);
  return point;
}
