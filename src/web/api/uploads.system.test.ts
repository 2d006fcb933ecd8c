import { readdirSync } from "node:fs";
import { type ClientRequest, type IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { mayMount, smallDisk } from "../../database/testkit/small-disk.ts";
import { UploadSlots } from "../server/upload-slots.ts";
import { type ApiTestbed, apiTestbed } from "./api.testkit.ts";

let testbed: ApiTestbed;
beforeAll(async () => {
  testbed = await apiTestbed({ uploads: new UploadSlots(1) });
  await testbed.server.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => testbed.end());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly code: string;
}

/** Begins to send a file, on a connection of its own. */
function begin(path: string, type: string): { sent: ClientRequest; answer: Promise<Answer> } {
  const { port } = testbed.server.server.address() as AddressInfo;
  const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { ...testbed.as("device"), "content-type": type };
  const options = { host: "127.0.0.1", port, method: "POST", path, headers, agent: false as const };
  const sent = request({ ...options, rejectUnauthorized: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.on("end", () => {
      const { code } = JSON.parse(text) as { code: string };
      resolve({ status: response.statusCode ?? 0, headers: response.headers, code });
    });
  });
  sent.on("error", reject);
  return { sent, answer };
}

const file = () => begin("/api/v1/device-certificate-files", "application/zip");
const batch = () => begin("/api/v1/device-certificate-batches", "application/json");
const named = () => readdirSync(tmpdir()).filter((name) => name.startsWith("smki-body-"));

/** Sends a whole body of nonsense. */
async function nonsense(start: typeof file, octets = 100): Promise<Answer> {
  const { sent, answer } = start();
  sent.end(Buffer.alloc(octets, 0x20));
  return answer;
}

/** Waits until the slot is taken: what comes now is refused. */
const untilTaken = () =>
  vi.waitFor(async () => {
    expect((await nonsense(batch)).status).toBe(429);
  });

test("Of large bodies as many are taken in at once as there are slots; the next is told to come again", async () => {
  const slow = file();
  slow.sent.write("PK");
  await untilTaken();
  for (const start of [file, batch]) {
    const refused = await nonsense(start);
    expect([refused.status, refused.code]).toEqual([429, "UPLOADS_TOO_MANY"]);
    expect(refused.headers["retry-after"]).toBe("10");
  }
  slow.sent.end();
  expect((await slow.answer).code).toBe("BATCH_FILE_MALFORMED");
  expect((await nonsense(file)).code).toBe("BATCH_FILE_MALFORMED");
});

test("A client that goes gives its slot back", async () => {
  const slow = batch();
  slow.sent.write("{");
  await untilTaken();
  slow.answer.catch(() => undefined);
  slow.sent.destroy();
  await vi.waitFor(async () => {
    expect((await nonsense(batch)).code).toBe("REQUEST_INVALID");
  });
});

test("A body that comes in has no name on the disk: whatever ends the process leaves nothing", async () => {
  const before = named();
  const slow = file();
  slow.sent.write(Buffer.alloc(100_000));
  await untilTaken();
  // The slot is taken a moment before the file is made, and loses its name.
  await vi.waitFor(() => {
    expect(named()).toEqual(before);
  });
  slow.sent.end();
  await slow.answer;
});

test.skipIf(!mayMount)("A full disk refuses the file, and nothing else [needs root]", async () => {
  const disk = smallDisk(4);
  if (disk === undefined) return;
  const usual = process.env["TMPDIR"];
  process.env["TMPDIR"] = disk.folder;
  try {
    disk.fill(100_000);
    const refused = await nonsense(file, 2_000_000);
    expect([refused.status, refused.code]).toEqual([503, "UPLOAD_SPACE_FULL"]);
    disk.makeRoom();
    expect((await nonsense(file, 2_000_000)).code).toBe("BATCH_FILE_MALFORMED");
  } finally {
    if (usual === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = usual;
    disk.remove();
  }
});
