import type { FastifyInstance } from "fastify";
import { SmkiError } from "../../errors/smki-error.ts";
import type { RequestNotes } from "../repository-service/request-log.ts";
import { type BundleSource, packBundle } from "./bundle.ts";

/**
 * The bundle, at the address that the DCC's client asks for and at the one that its manual names. HEAD is
 * answered as GET without the body (RFC 9110 9.3.2), which Fastify sees to: the client compares the length that
 * HEAD gives with what GET sends.
 */
export function bundleRoutes(
  assets: FastifyInstance,
  source: BundleSource | undefined,
  noteOf: RequestNotes,
): void {
  for (const name of ["org-crypto.zip", "org-certs.zip"])
    assets.get(`/assets/crypto/${name}`, async (request, reply) => {
      noteOf(request).search = "bundle";
      const entries = (await source?.()) ?? [];
      if (entries.length === 0) throw new SmkiError("BOXED_BUNDLE_MISSING");
      const octets = await packBundle(entries);
      noteOf(request).results = entries.length;
      return (
        reply
          .type("application/zip")
          // It carries private keys.
          .header("cache-control", "no-store")
          .send(octets)
      );
    });
}
