import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { WebServer } from "../../server/create-server.ts";
import { schemaFiles, schemaPath } from "./index.ts";

/** A published schema never changes: another version has another name. In seconds. */
const keptFor = 24 * 60 * 60;

/** The XML schemas of the web services, for everyone, at addresses with the version of the interface. */
export function schemaRoutes(server: WebServer): void {
  for (const service of Object.keys(schemaFiles) as (keyof typeof schemaFiles)[]) {
    const schema = readFileSync(schemaPath(service));
    const tag = `"${hash("sha256", schema, "hex")}"`;
    server.get(
      `/1.0/schemas/${schemaFiles[service]}`,
      { config: { access: "public" }, schema: { hide: true } },
      async (request, reply) => {
        void reply.header("cache-control", `public, max-age=${String(keptFor)}`).header("etag", tag);
        if (request.headers["if-none-match"] === tag) return reply.code(304).send();
        return reply.type("application/xml;charset=UTF-8").send(schema);
      },
    );
  }
}
