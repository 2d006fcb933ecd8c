import { execFile, execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWebServer, renewSecureContext } from "../../web/server/create-server.ts";
import { makeServerCertificate } from "../../web/tls/self-made-certificate.ts";
import { estatePaths } from "../estate/paths.ts";
import { settingsOf } from "../verbs/estate-options.ts";
import { followServerTls, serverTls } from "./server-certificate.ts";

let folder: string;
let closing: (() => unknown)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-tls-"));
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** A web server that follows the files of its certificate, as the web process does. */
async function following() {
  const settings = settingsOf({ data: folder });
  const estate = { settings, paths: estatePaths(settings.dataFolder), clock: () => new Date() };
  mkdirSync(estate.paths.tls, { recursive: true });
  const tls = serverTls(estate);
  const server = createWebServer({
    tls,
    clientAuthorities: [],
    logger: pino({ level: "silent" }),
    bodyLimit: 1024,
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  closing.push(() => server.close());
  const stop = new AbortController();
  const failures: unknown[] = [];
  const on = {
    onChange: (renewed: typeof tls) => {
      renewSecureContext(server, { tls: renewed, clientAuthorities: [] });
    },
    onFailure: (error: unknown) => void failures.push(error),
  };
  const followed = followServerTls(estate, tls, stop.signal, on, 20);
  closing.push(() => {
    stop.abort();
    return followed;
  });
  return { port: (server.server.address() as AddressInfo).port, tlsFolder: estate.paths.tls, failures };
}

async function connected(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  closing.push(() => socket.destroy());
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
}
const shown = async (port: number) => (await connected(port)).getPeerX509Certificate()?.fingerprint256;
const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

test("A renewed server certificate is shown to new connections without a restart, and open ones go on", async () => {
  const { port, tlsFolder, failures } = await following();
  const before = await connected(port);
  expect(before.getPeerX509Certificate()?.fingerprint256).toBe(
    fingerprint(readFileSync(join(tlsFolder, "server.pem"), "utf8")),
  );

  // One file after the other: in between they do not fit together, and the old pair serves on.
  const renewed = makeServerCertificate(["127.0.0.1"], new Date());
  writeFileSync(join(tlsFolder, "server.pem"), renewed.certificate);
  await vi.waitFor(() => {
    expect(failures).toHaveLength(1);
  });
  expect(failures).toMatchObject([{ code: "TLS_FILES_UNUSABLE" }]);
  expect(await shown(port)).toBe(before.getPeerX509Certificate()?.fingerprint256);

  writeFileSync(join(tlsFolder, "server.key"), renewed.key);
  await vi.waitFor(async () => {
    expect(await shown(port)).toBe(fingerprint(renewed.certificate));
  });
  before.write("GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const answer = await new Promise<Buffer>((resolve) => before.once("data", resolve));
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
  expect(failures).toHaveLength(1);
});

test("Web processes that start at once on one folder have one certificate, and its key and CA beside it", async () => {
  const script = `
    import { firstServerTls } from "${import.meta.dirname}/server-certificate.ts";
    import { estatePaths } from "${import.meta.dirname}/../estate/paths.ts";
    import { settingsOf } from "${import.meta.dirname}/../verbs/estate-options.ts";
    const settings = settingsOf({ data: process.argv[1] });
    const estate = { settings, paths: estatePaths(settings.dataFolder), clock: () => new Date() };
    console.log(JSON.stringify(await firstServerTls(estate)));`;
  const start = () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, folder]).then(
      ({ stdout }) => JSON.parse(stdout) as { cert: string; key: string },
    );
  const [first, ...others] = await Promise.all([start(), start(), start()]);
  for (const other of others) expect(other).toEqual(first);
  const authority = new X509Certificate(readFileSync(join(folder, "tls", "server-ca.pem")));
  expect(new X509Certificate(first.cert).verify(authority.publicKey)).toBe(true);
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

test.skipIf(!hasOpenssl).each([
  ["of an elliptic curve", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]],
  ["of 1024 bits", ["-newkey", "rsa:1024"]],
])(
  "A certificate with a key %s is refused at once: no published suite goes with it [needs openssl]",
  (_, kind) => {
    const [certificateFile, keyFile] = [join(folder, "tls.pem"), join(folder, "tls.key")];
    const words = ["req", "-x509", ...kind, "-noenc", "-subj", "/CN=smki.example", "-sha256"];
    execFileSync("openssl", [...words, "-out", certificateFile, "-keyout", keyFile], { stdio: "pipe" });
    const settings = settingsOf({ data: folder });
    const estate = {
      settings: { ...settings, web: { ...settings.web, tls: { certificateFile, keyFile } } },
      paths: estatePaths(folder),
      clock: () => new Date(),
    };
    expect(() => serverTls(estate)).toThrow(expect.objectContaining({ code: "TLS_FILES_UNUSABLE" }));
  },
);
