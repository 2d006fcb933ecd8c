import { promisify } from "node:util";
import { gzip } from "node:zlib";
import Type from "typebox";
import { normaliseSerialNumber } from "../../certificates/index.ts";
import { proveGrowth, proveLeaf, readResource } from "../../ledger/read-ledger.ts";
import { makeReceipt } from "../../ledger/receipt/make-receipt.ts";
import { formatTlogProof } from "../../ledger/tlog-proof.ts";
import { retrieveCertificate } from "../../repository/repository.ts";
import type { ApiContext } from "../api/context.ts";
import { Octets, sendOctets } from "../api/octets.ts";
import { SerialNumberText } from "../api/schemas.ts";
import type { WebServer } from "../server/create-server.ts";
import { type Keeper, neverChanges, sendChanging, takesGzip } from "./caching.ts";

const Leaf = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** The media type of tiles and bundles (C2SP tlog-tiles). */
const tileType = "application/octet-stream";
const compress = promisify(gzip);
const text = (description: string) => ({
  200: { description, content: { "text/plain": { schema: Type.String() } } },
});
const octets = (description: string) => ({
  200: { description, content: { [tileType]: { schema: Octets } } },
});

/**
 * The ledger as a tiled log (C2SP tlog-tiles) under the prefix `/ledger`, with proofs for those who do not work them
 * out of the tiles. Checkpoint and verifier key are for everyone; the rest is where the operator says so, and
 * otherwise needs a credential.
 */
export function ledgerRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock, ledgerVerifierKey: verifierKey } = context;
  const { isPublic, quorum } = context.ledger;
  const everyone = { config: { access: "public" as const } };
  const [access, keeper]: [object, Keeper] = isPublic ? [everyone, "public"] : [{}, "private"];
  const whose = isPublic ? "" : " (needs a credential here)";

  // What is not there yet may be there in a second: a cache must not keep the 404 (RFC 9111 4.2.2).
  server.addHook("onError", async (_, reply) => {
    void reply.header("cache-control", "no-store");
  });

  server.get(
    "/ledger/checkpoint",
    {
      ...everyone,
      schema: { summary: "The newest checkpoint, with its cosignatures", response: text("A signed note") },
    },
    async (_, reply) => {
      const note = await database.read((tx) => readResource(tx, "checkpoint", quorum));
      return sendChanging(reply, "public", note.toString("utf8"));
    },
  );

  server.get(
    "/ledger/verifier-key",
    {
      ...everyone,
      schema: { summary: "The ledger's verifier key (C2SP signed-note)", response: text("One line") },
    },
    async (_, reply) => sendChanging(reply, "public", `${verifierKey}\n`),
  );

  server.get(
    "/ledger/tile/*",
    {
      ...access,
      schema: {
        summary: `A tile, LEVEL/INDEX or LEVEL/INDEX.p/WIDTH, or a bundle of entries, entries/INDEX${whose}`,
        response: octets("Hashes, 32 octets each; or entries, each led by its length in two octets"),
      },
    },
    async (request, reply) => {
      // Without a schema, since TypeBox's compiler takes the name for a pattern: what is no path of a tile is not found.
      const path = `tile/${(request.params as { readonly "*": string })["*"]}`;
      const body = await database.read((tx) => readResource(tx, path));
      void neverChanges(reply, keeper);
      if (!path.startsWith("tile/entries/")) return sendOctets(reply, tileType, body);
      void reply.header("vary", "accept-encoding");
      if (!takesGzip(request.headers["accept-encoding"])) return sendOctets(reply, tileType, body);
      return sendOctets(reply.header("content-encoding", "gzip"), tileType, await compress(body));
    },
  );

  server.get(
    "/ledger/proof/inclusion/:leaf",
    {
      ...access,
      schema: {
        summary: `That an entry stands under the newest checkpoint${whose}`,
        params: Type.Object({ leaf: Leaf }),
        response: text("A proof of the form c2sp.org/tlog-proof@v1; its extra data is the entry"),
      },
    },
    async (request, reply) => {
      const { leaf } = request.params;
      const proved = await database.read((tx) => proveLeaf(tx, leaf, quorum), { snapshot: true });
      const proof = { entry: proved.entry, index: leaf, hashes: proved.proof, checkpoint: proved.checkpoint };
      return sendChanging(reply, keeper, formatTlogProof(proof));
    },
  );

  server.get(
    "/ledger/proof/consistency/:old/:new",
    {
      ...access,
      schema: {
        summary: `That the tree of one size extends that of a smaller one (RFC 9162 2.1.4)${whose}`,
        params: Type.Object({ old: Leaf, new: Leaf }),
        response: text(
          "Hashes in Base64, one a line; none where the trees are the same or the old one is empty",
        ),
      },
    },
    async (request, reply) => {
      const { old, new: size } = request.params;
      const hashes = await database.read((tx) => proveGrowth(tx, old, size), { snapshot: true });
      const lines = hashes.map((hash) => `${hash.toString("base64")}\n`);
      return neverChanges(reply, keeper).type("text/plain; charset=utf-8").send(lines.join(""));
    },
  );

  server.get(
    "/ledger/receipt/:serialNumber",
    {
      schema: {
        summary:
          "The receipt of a certificate: that its issuing was recorded, to be checked by anyone, later",
        params: Type.Object({ serialNumber: SerialNumberText }),
        response: text("See docs/ledger.md"),
      },
    },
    async (request, reply) => {
      const serialNumber = normaliseSerialNumber(request.params.serialNumber);
      const receipt = await database.read(
        async (tx) =>
          makeReceipt(tx, await retrieveCertificate(tx, serialNumber, clock()), { verifierKey, quorum }),
        { snapshot: true },
      );
      return sendChanging(reply, "private", receipt);
    },
  );
}
