import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpAccess, httpResources } from "../../ledger/copy/http-resources.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";

const made = makeServerCertificate(["127.0.0.1"], new Date());
const stranger = makeServerCertificate(["127.0.0.1"], new Date());
const server = createServer(
  { cert: made.certificate, key: made.key, requestCert: true, rejectUnauthorized: false },
  ({ socket, url }, response) => {
    if (url === "/trickle") {
      const drops = setInterval(() => response.write("x"), 20);
      response.on("close", () => {
        clearInterval(drops);
      });
      return;
    }
    const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    response.end(shown?.subject ?? "nobody");
  },
);
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(access: HttpAccess): Promise<string> {
  const resources = httpResources(
    `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    access,
  );
  try {
    return (await resources.get("checkpoint")).toString();
  } finally {
    resources.close();
  }
}

test("A server is believed to be who it says under the CA that was given, and under no other", async () => {
  expect(await ask({ ca: made.authority })).toBe("nobody");
  for (const access of [{ ca: stranger.authority }, {}])
    await expect(ask(access)).rejects.toMatchObject({ code: "LEDGER_SOURCE_UNREACHABLE" });
});

test("A credential is shown to a server that asks for one", async () => {
  const { certificate, key } = stranger;
  expect(await ask({ ca: made.authority, certificate, key })).toBe("CN=OpenSMKI test server");
});

test("An answer that comes drop by drop, without an end, is waited for no longer than any other", async () => {
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const resources = httpResources(url, { ca: made.authority }, 300);
  await expect(resources.get("trickle")).rejects.toMatchObject({
    code: "LEDGER_SOURCE_UNREACHABLE",
    details: { reason: "no whole answer within 0.3 seconds" },
  });
  expect((await resources.get("checkpoint")).toString()).toBe("nobody");
  resources.close();
});
