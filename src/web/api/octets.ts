import type { FastifyReply } from "fastify";
import Type from "typebox";

/** The media type of a certificate in DER (RFC 2585 4.1). */
export const certificateType = "application/pkix-cert";
/** The media type of a CRL or ARL in DER (RFC 2585 4.2). */
export const listType = "application/pkix-crl";

/** How the description tells of a body that is not JSON. */
export const Octets = Type.String({ format: "binary" });

/** Sends octets as they are: a Buffer passes every serializer by. */
export function sendOctets(reply: FastifyReply, type: string, octets: Buffer): FastifyReply {
  return reply.type(type).send(octets);
}

/**
 * Whether a client asks for DER: it names the type, and does not name JSON as good or better
 * (RFC 9110 12.5.1). Without a wish it gets JSON.
 */
export function prefersDer(accept: string | undefined): boolean {
  const wishes = new Map(
    (accept ?? "").split(",").map((range): [string, number] => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [type, weight === undefined ? 1 : Number(weight)];
    }),
  );
  const der = wishes.get(certificateType) ?? 0;
  return der > 0 && der > (wishes.get("application/json") ?? 0);
}
