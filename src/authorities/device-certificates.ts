import type { Eui64 } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import {
  countCertificatesOfDevices,
  type KnownCertificate,
  selectCertificates,
} from "./certificate-store.ts";

/** How many Device Certificates were ever issued for each of these Devices; one that has none is absent. */
export function countDeviceCertificates(
  tx: Tx,
  deviceIds: readonly Eui64[],
): Promise<ReadonlyMap<Eui64, number>> {
  return countCertificatesOfDevices(tx, deviceIds);
}

/**
 * The certificates that a Device may be using, newest first: all that were issued for it and not reported as not in use.
 * A Device Certificate neither ends nor is revoked, and nobody tells the CA which of two a Device uses.
 *
 * @param limit - at the most
 */
export function currentDeviceCertificates(
  tx: Tx,
  deviceId: Eui64,
  limit: number,
): Promise<KnownCertificate[]> {
  return selectCertificates(tx, {
    kind: "device",
    subjectIdentifier: deviceId,
    standing: { notInUse: false },
    limit,
  });
}
