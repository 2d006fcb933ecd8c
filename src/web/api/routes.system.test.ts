import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiTestbed, apiTestbed } from "./api.testkit.ts";

/** Every route and who may ask. A new route is not in the API until it stands here. */
const access: Readonly<Record<string, "public" | "credential">> = {
  "GET /api/v1/health": "public",
  "GET /api/v1/status": "public",
  "GET /api/v1/ledger/checkpoint": "public",
  "GET /ledger/checkpoint": "public",
  "GET /ledger/verifier-key": "public",
  "GET /ledger/tile/*": "public",
  "GET /ledger/proof/inclusion/:leaf": "public",
  "GET /ledger/proof/consistency/:old/:new": "public",
  "GET /ledger/receipt/:serialNumber": "credential",
  "GET /api/v1/openapi.json": "public",
  "GET /api/v1/authorities": "public",
  "GET /api/v1/authorities/certificate": "public",
  "GET /api/v1/revocation-lists": "public",
  "GET /api/v1/certificates": "credential",
  "GET /api/v1/certificates/:serialNumber": "credential",
  "GET /api/v1/batches/:batch": "credential",
  "POST /api/v1/:kind-certificates": "credential",
  "POST /api/v1/:kind-certificate-batches": "credential",
  "POST /api/v1/device-certificate-files": "credential",
  "GET /api/v1/device-certificate-files/:batch": "credential",
  "GET /api/v1/device-certificate-files/:batch/result.zip": "credential",
  "GET /api/v1/device-certificate-files/:batch/record.txt": "credential",
  "GET /api/v1/device-certificate-files/:batch/response.zip": "credential",
  "GET /api/v1/portal-allowances": "credential",
  "POST /api/v1/revocations": "credential",
  "GET /api/v1/devices": "credential",
  "POST /api/v1/devices": "credential",
  "GET /api/v1/devices/:device": "credential",
  "PUT /api/v1/devices/:device": "credential",
  "GET /api/v1/devices/:device/history": "credential",
  "GET /api/v1/documents": "credential",
  "GET /api/v1/documents/:document": "credential",
  "GET /api/v1/documents/:document/versions/:version": "credential",
  "PUT /api/v1/documents/:document/versions/:version": "credential",
  "GET /api/v1/repository-usage": "credential",
  "GET /api/v1/extracts": "credential",
  "GET /api/v1/extracts/:extract/:file": "credential",
  "GET /crl/*": "public",
};

let bed: ApiTestbed;
beforeAll(async () => {
  bed = await apiTestbed();
});
afterAll(() => bed.end());

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
/** An address of a route, its parameters filled in. */
const addressOf = (path: string) =>
  path
    .replace(":kind", "device")
    .replace(":serialNumber", "10ab")
    .replace(":device", "00db120000000001")
    .replace(":document", "device-certificate-policy")
    .replace(":version", "1.0")
    .replace(/:(batch|leaf|old|new)/g, "1")
    .replace("*", "0/000");

describe("Every route", () => {
  test("stands in the list of who may ask", () => {
    expect(bed.routes.map(nameOf).sort()).toEqual(Object.keys(access).sort());
  });

  test("that needs a credential refuses everyone without one, whatever the body is; the others refuse nobody", async () => {
    for (const route of bed.routes) {
      const method = route.method as "GET" | "POST" | "PUT";
      const { statusCode, body } = await bed.server.inject({
        method,
        url: addressOf(route.path),
        payload: method === "POST" ? "{" : "",
      });
      const isRefused = statusCode === 401 && body.includes("CREDENTIAL_REQUIRED");
      expect(isRefused, nameOf(route)).toBe(access[nameOf(route)] === "credential");
      const head =
        method === "GET"
          ? await bed.server.inject({ method: "HEAD", url: addressOf(route.path) })
          : undefined;
      // 405: the route has no HEAD.
      if (head !== undefined && head.statusCode !== 405)
        expect(head.statusCode === 401, `HEAD ${route.path}`).toBe(isRefused);
    }
  });
});

interface Operation {
  readonly summary?: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: object;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<Record<string, { readonly schema: object }>>;
      }
    >
  >;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly type: string }>>;
    readonly schemas?: object;
  };
}

describe("The OpenAPI description", () => {
  const describeApi = async () => {
    const { statusCode, body } = await bed.server.inject("/api/v1/openapi.json");
    expect(statusCode).toBe(200);
    return JSON.parse(body) as Description;
  };

  test("has every route but its own, with who may ask", async () => {
    const { paths, components } = await describeApi();
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { security }]) => {
        const name = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1").replace("{*}", "*")}`;
        return [name, security === undefined ? "public" : "credential"];
      }),
    );
    // What is no part of the JSON API, and the description itself.
    const { "GET /api/v1/openapi.json": _, "GET /crl/*": __, ...others } = access;
    expect(Object.fromEntries(described)).toEqual(others);
    expect(components.securitySchemes).toMatchObject({ ikiCredential: { type: "mutualTLS" } });
    const either = [{ ikiCredential: [] }, { apiKey: [] }];
    expect(paths["/api/v1/extracts"]?.["get"]?.security).toEqual(either);
    expect(paths["/api/v1/documents"]?.["get"]?.security).toEqual(either.slice(0, 1));
  });

  test("has the structure that OpenAPI 3.1 demands", async () => {
    const { openapi, info, paths, components } = await describeApi();
    expect(openapi).toMatch(/^3\.1\.\d$/);
    expect(info.title).not.toBe("");
    for (const [path, operations] of Object.entries(paths))
      for (const [method, operation] of Object.entries(operations)) {
        const where = `${method} ${path}`;
        expect(operation.summary, where).toBeTruthy();
        const named = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
        const inPath = [...path.matchAll(/\{(\w+|\*)\}/g)].map(([, name]) => name);
        expect(
          named.map(({ name }) => name),
          where,
        ).toEqual(inPath);
        expect(
          named.every(({ required }) => required === true),
          where,
        ).toBe(true);
        if (method === "post" || method === "put")
          expect(Object.keys(operation.requestBody?.content ?? {}), where).toHaveLength(1);
        expect(
          Object.keys(operation.responses).some((status) => status.startsWith("2")),
          where,
        ).toBe(true);
        for (const status of ["4XX", "5XX"])
          expect(Object.keys(operation.responses), where).toContain(status);
        for (const response of Object.values(operation.responses))
          expect(typeof response.description, where).toBe("string");
        for (const requirement of operation.security ?? [])
          for (const scheme of Object.keys(requirement))
            expect(components.securitySchemes).toHaveProperty(scheme);
      }
    // Every reference leads somewhere.
    const text = JSON.stringify({ paths });
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(components.schemas).toHaveProperty(name ?? "");
  });
});

describe("Whatever is sent", () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        csr: fc.oneof(fc.string(), fc.base64String({ maxLength: 9_000 }), fc.jsonValue()),
        reference: fc.oneof(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
    fc.record({
      csrs: fc.array(
        fc.oneof(fc.base64String({ maxLength: 400 }), fc.string({ unit: "binary" }), fc.jsonValue()),
        { maxLength: 5 },
      ),
      reference: fc.string({ unit: "binary" }),
    }),
    fc.record({
      serialNumber: fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fA-F:]{1,50}$/), fc.jsonValue()),
      reason: fc.oneof(fc.constantFrom("keyCompromise", "superseded"), fc.string()),
    }),
  );
  const hat = fc.constantFrom("device" as const, "organisation" as const);

  const expectNoFault = (answer: { statusCode: number; body: string }) => {
    expect(answer.statusCode, answer.body).toBeLessThan(500);
    if (answer.statusCode < 400) return;
    const problem = JSON.parse(answer.body) as Record<string, unknown>;
    expect(Object.keys(problem)).toEqual(["code", "message", "remedy", "details", "request"]);
  };

  test("to the routes that take a body, the answer is no fault of ours", async () => {
    const paths = [
      "device-certificates",
      "organisation-certificates",
      "device-certificate-batches",
      "organisation-certificate-batches",
      "revocations",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), hat, anything, async (path, as, body) => {
        expectNoFault(
          await bed.server.inject({
            method: "POST",
            url: `/api/v1/${path}`,
            headers: { ...bed.as(as), "content-type": "application/json" },
            payload: JSON.stringify(body),
          }),
        );
      }),
      { numRuns: 400 },
    );
  });

  test("as a body that may be no JSON, the answer is no fault of ours", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("application/json", "text/plain", "application/json; charset=utf-16", ""),
        async (octets, type) => {
          expectNoFault(
            await bed.server.inject({
              method: "POST",
              url: "/api/v1/device-certificates",
              headers: { ...bed.as("device"), "content-type": type },
              payload: Buffer.from(octets),
            }),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("in an address, the answer is no fault of ours", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.stringMatching(/^[0-9a-f:-]{0,50}$/),
      fc.constantFrom("%00", "%zz", "..", "'", "9".repeat(30), "-1", "1e9", "0x10", "NaN"),
    );
    const parameter = fc.constantFrom(
      "device",
      "organisation",
      "role",
      "usage",
      "status",
      "serialNumber",
      "authority",
      "x",
    );
    const address = fc.oneof(
      fc
        .tuple(fc.constantFrom("certificates/", "batches/", "", "authorities/"), text)
        .map(([path, rest]) => path + rest),
      fc
        .tuple(
          fc.constantFrom("certificates", "revocation-lists", "authorities/certificate"),
          fc.array(fc.tuple(parameter, text.map(encodeURIComponentSafely)), { maxLength: 3 }),
        )
        .map(([path, pairs]) => `${path}?${pairs.map(([name, value]) => `${name}=${value}`).join("&")}`),
    );
    await fc.assert(
      fc.asyncProperty(address, hat, async (path, as) => {
        // What a URL cannot hold at all never arrives.
        if (!URL.canParse(`https://a/api/v1/${path}`)) return;
        expectNoFault(
          await bed.server.inject({ method: "GET", url: `/api/v1/${path}`, headers: bed.as(as) }),
        );
      }),
      { numRuns: 400 },
    );
  });
});

/** As it is where it cannot be encoded (half a surrogate pair). */
function encodeURIComponentSafely(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}
