import { appendFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serverAuthorityFile } from "../processes/server-certificate.ts";
import {
  credentialOf,
  enrolParties,
  foundedEstate,
  type UpService,
  up,
} from "../processes/testkit/estates.ts";
import { clientOf } from "../processes/testkit/https-client.ts";
import { cleanUp, smki, temporaryFolder, until } from "../processes/testkit/smki.ts";

let service: UpService;
beforeAll(async () => {
  service = await up(await foundedEstate(), {
    env: { SMKI_EXTRACT_ENABLED: "true", SMKI_EXTRACT_SFTP_PORT: "0" },
  });
  await enrolParties(service);
});
afterAll(async () => {
  service.interrupt();
  await service.ended;
  await cleanUp();
});

interface Listed {
  readonly name: string;
  readonly kind: string;
}
const estateVerb = async (...words: string[]) => {
  const { status, stdout, stderr } = await smki([...words, "--data", service.data, "--json"]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as unknown;
};

test("A running service makes the first extract by itself; a third party proves it and the next with no estate", async () => {
  const [first] = await until(async () => {
    const listed = (await estateVerb("extract", "list")) as Listed[];
    return listed.length > 0 ? listed : undefined;
  }, 60_000);
  expect(first).toMatchObject({ kind: "full" });
  expect(await estateVerb("extract", "make", "delta")).toMatchObject({
    made: [expect.stringMatching(/^delta-/)],
  });

  // Over HTTPS, with an IKI credential.
  const client = clientOf(service, credentialOf(service.data, "SMPM", "device"));
  const { extracts } = (await client.get("/api/v1/extracts")).json() as { extracts: Listed[] };
  expect(extracts.map(({ kind }) => kind)).toEqual(["full", "delta"]);
  client.close();

  const place = temporaryFolder();
  const [full = "", delta = ""] = extracts.map(({ name }) => join(service.data, "extracts", name));
  const copy = join(place, "ledger");
  await estateVerb("ledger", "copy", copy);
  const verify = (...words: string[]) =>
    smki([
      "extract",
      "verify",
      ...words,
      "--key",
      join(service.data, "ledger-verifier-key.txt"),
      "--copy",
      copy,
    ]);
  expect(await verify(full, delta)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Holds: /) });
  // From the ledger as it is served, which has grown since.
  const ca = serverAuthorityFile(join(service.data, "tls"));
  const key = join(service.data, "ledger-verifier-key.txt");
  const url = `${service.answer.url}/ledger`;
  const served = await smki(["extract", "verify", delta, "--key", key, "--from", url, "--ca", ca]);
  expect(served).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Holds: /) });
  const altered = join(place, "altered");
  cpSync(full, altered, { recursive: true });
  appendFileSync(join(altered, "certificates-0001.csv.zst"), "x");
  expect(await verify(altered)).toMatchObject({ status: 1, stdout: expect.stringMatching(/^Does NOT hold/) });
  expect(await verify(place)).toMatchObject({ status: 2 });
  expect((await smki(["extract", "verify", full, "--key", "x"])).status).toBe(2);
  expect((await smki(["extract", "verify", full])).status).toBe(2);
}, 120_000);

test("The service says where its file transfer is, and by which key it shows itself", () => {
  expect(service.answer.sftp).toEqual({
    port: expect.any(Number) as number,
    fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) as string,
  });
});
