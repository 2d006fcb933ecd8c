import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BoxedTestbed, boxedTestbed, testNow } from "./boxed.testkit.ts";
import { createBoxedService } from "./boxed-service.ts";
import { listenBoxedService } from "./loopback.ts";

let testbed: BoxedTestbed;
beforeAll(async () => {
  testbed = await boxedTestbed();
});
afterAll(() => testbed.end());

const create = (environment: "test" | "live") =>
  createBoxedService({ database: testbed.database, clock: () => testNow, environment });
const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
const hasIpv6Loopback = addresses.some(({ address }) => address === "::1");

describe("the service listens", () => {
  test("on 127.0.0.1", async () => {
    const { urls, port } = await testbed.start();
    expect(urls[0]).toBe(`http://127.0.0.1:${String(port)}/`);
    expect((await fetch(`${String(urls[0])}assets/crypto/org-crypto.zip`)).status).toBe(404);
  });

  test.skipIf(!hasIpv6Loopback)("on ::1 at the same port [needs IPv6]", async () => {
    const { service, urls, port } = await testbed.start();
    expect(urls[1]).toBe(`http://[::1]:${String(port)}/`);
    expect((await fetch(`${String(urls[1])}assets/crypto/org-crypto.zip`)).status).toBe(404);
    await service.close();
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });

  test.each([{ host: "0.0.0.0" }, { host: "::" }, { host: "192.0.2.1" }, { host: "localhost" }, {}])(
    "nowhere else: %o is refused before anything is bound",
    async (where) => {
      const service = create("test");
      await expect(service.listen({ port: 0, ...where })).rejects.toMatchObject({
        code: "BOXED_SERVICE_LOOPBACK_ONLY",
      });
      expect(service.server.listening).toBe(false);
      await service.close();
    },
  );

  test("on no port that another program has, and says so", async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, "127.0.0.1", () => resolve((other.address() as AddressInfo).port));
    });
    const service = create("test");
    await expect(listenBoxedService(service, port)).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await service.close();
    other.close();
  });

  test.skipIf(!hasIpv6Loopback)(
    "on no port that another program has on ::1, where localhost would lead to it [needs IPv6]",
    async () => {
      const other = createServer();
      const port = await new Promise<number>((resolve) => {
        other.listen(0, "::1", () => resolve((other.address() as AddressInfo).port));
      });
      const service = create("test");
      await expect(listenBoxedService(service, port)).rejects.toMatchObject({ code: "PORT_IN_USE" });
      await expect(fetch(`http://127.0.0.1:${String(port)}/`)).rejects.toThrow();
      other.close();
    },
  );
});

describe("a request is taken that names", () => {
  const statusFor = async (host: string) =>
    (await create("test").inject({ url: "/assets/crypto/org-crypto.zip", headers: { host } })).statusCode;
  test.each([
    "127.0.0.1:8083",
    "127.0.0.1",
    "[::1]:8083",
    "[::1]",
    "localhost:8083",
    "LOCALHOST",
    "127.9.9.9:1",
  ])("this machine's loopback: %s", async (host) => {
    expect(await statusFor(host)).toBe(404);
  });
  test.each([
    "evil.example",
    "evil.example:8083",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "192.0.2.1",
    "x@127.0.0.1",
    "[::2]",
  ])("and no other host, which may be a web page's own name: %s", async (host) => {
    expect(await statusFor(host)).toBe(403);
  });
});

describe("in a live environment", () => {
  test("the service is not made, and says why", () => {
    expect(() => create("live")).toThrow(
      expect.objectContaining({
        code: "BOXED_SERVICE_IN_LIVE",
        remedy: expect.stringContaining("private keys"),
      }),
    );
  });

  test("the service does not start on a live database, whatever the setting says", async () => {
    await testbed.database.transaction((tx) =>
      sql`insert into estate (environment, edition, created_at) values ('live', 'response', ${testNow})`.execute(
        tx,
      ),
    );
    const service = create("test");
    await expect(listenBoxedService(service, 0)).rejects.toMatchObject({ code: "BOXED_SERVICE_IN_LIVE" });
    expect(service.server.listening).toBe(false);
    await service.close();
  });
});
