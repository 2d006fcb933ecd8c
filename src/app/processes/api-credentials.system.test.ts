import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eui64, normaliseSerialNumber } from "../../certificates/index.ts";
import { localOperator } from "../../registration/principal.ts";
import { endCredential } from "../../registration/registration.ts";
import { openOperationalSigner } from "../estate/key-stores.ts";
import { serverAuthorityFile } from "./server-certificate.ts";
import { type ApiService, apiService, otherSupplier, supplierEui } from "./testkit/api-service.ts";
import { credentialOf, enrolParties, joinEstate } from "./testkit/estates.ts";
import { type HttpsClient, refusalIn } from "./testkit/https-client.ts";
import { issueOrganisation, meterKeys, organisationCsr } from "./testkit/requests.ts";
import { temporaryFolder, until } from "./testkit/smki.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const hasProc = existsSync("/proc/self/environ");

let api: ApiService;
let manufacturer: HttpsClient;
let supplier: HttpsClient;
let other: HttpsClient;
let nobody: HttpsClient;

beforeAll(async () => {
  api = await apiService();
  manufacturer = api.of("SMPM", "device");
  supplier = api.of("SMPS", "organisation");
  other = api.of("SMPO", "device");
  nobody = api.client();
});
afterAll(() => api.end());

const device = (csr: Buffer | undefined) => ({ csr: csr?.toString("base64") });

describe.skipIf(!hasProc)("Who asks [needs /proc]", () => {
  test("without a certificate gets what is public, and nothing else", async () => {
    for (const path of ["health", "status", "authorities", "openapi.json", "ledger/checkpoint"])
      expect((await nobody.get(`/api/v1/${path}`)).status, path).toBe(200);
    for (const path of ["certificates?role=2", "certificates/10", "batches/1"]) {
      const answer = await nobody.get(`/api/v1/${path}`);
      expect([answer.status, refusalIn(answer).code], path).toEqual([401, "CREDENTIAL_REQUIRED"]);
    }
    for (const path of ["device-certificates", "organisation-certificate-batches", "revocations"]) {
      // Refused before the body is looked at: it is not even JSON.
      const answer = await nobody.send("POST", `/api/v1/${path}`, { body: "{" });
      expect([answer.status, refusalIn(answer).code], path).toEqual([401, "CREDENTIAL_REQUIRED"]);
    }
  });

  test.skipIf(!hasOpenssl)(
    "with a certificate that signed itself, or of a foreign CA of the same name, is nobody [needs openssl]",
    async () => {
      const folder = temporaryFolder();
      const run = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
      const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
      run(...make, "-keyout", "self.key", "-out", "self.pem", "-subj", "/CN=officer");
      // The foreign CA takes the names of our own, so that only its key gives it away.
      run(...make, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Z2");
      run(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "foreign.key",
        "-out",
        "foreign.csr",
        "-subj",
        "/CN=officer",
      );
      run(
        "x509",
        "-req",
        "-in",
        "foreign.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-days",
        "2",
        "-out",
        "foreign.pem",
      );
      for (const name of ["self", "foreign"]) {
        const [cert, key] = ["pem", "key"].map((kind) =>
          readFileSync(join(folder, `${name}.${kind}`), "utf8"),
        ) as [string, string];
        const answer = await api.client({ cert, key }).get("/api/v1/certificates?role=2");
        expect([answer.status, refusalIn(answer).code], name).toEqual([401, "CREDENTIAL_UNKNOWN"]);
      }
    },
  );

  test("is told by the server which CAs' certificates it may show: those of the IKI, no others", async () => {
    const url = new URL(api.service.answer.url);
    const said = spawnSync("openssl", ["s_client", "-connect", url.host, "-showcerts"], {
      input: "",
      encoding: "utf8",
    }).stdout;
    const { authorities } = (await nobody.get("/api/v1/authorities")).json() as {
      authorities: { profile: string; certificate: string }[];
    };
    const names = (wanted: RegExp) =>
      authorities
        .filter(({ profile }) => wanted.test(profile))
        .map(
          ({ certificate }) =>
            /CN ?= ?(\w+)/.exec(new X509Certificate(Buffer.from(certificate, "base64")).subject)?.[1] ?? "",
        );
    const list =
      /Acceptable client certificate CA names\n([^]*?)\n(?:Requested|Client)/.exec(said)?.[1] ?? "";
    if (hasOpenssl) for (const name of names(/^iki/)) expect(list).toContain(name);
    for (const name of names(/oca|dca/)) expect(list).not.toMatch(new RegExp(`CN ?= ?${name}$`, "m"));
  });

  test("may do in one hat what is that hat's only", async () => {
    const [key] = meterKeys(900);
    const wrongHats = [
      [supplier, "/api/v1/device-certificates", device(key?.csr)],
      [manufacturer, "/api/v1/organisation-certificates", device(organisationCsr(supplierEui))],
      [
        other,
        "/api/v1/revocations",
        { serialNumber: (await issueOrganisation(supplier, supplierEui)).serialNumber, reason: "superseded" },
      ],
    ] as const;
    for (const [asker, path, body] of wrongHats) {
      const answer = await asker.post(path, body);
      expect([answer.status, refusalIn(answer).code], path).toEqual([403, "NOT_PERMITTED"]);
    }
  });

  test("is asked at every request: a kept-alive connection outlives its credential by none, nor does a resumed session", async () => {
    await enrolParties(api.service, [
      {
        ...otherSupplier,
        name: "Ended Supply Ltd",
        companyNumber: "00000005",
        signifier: "SMPE",
        identifiers: [eui64("70-b3-d5-1f-30-05-00-00")],
        hats: ["device"],
      },
    ]);
    const identity = credentialOf(api.service.data, "SMPE", "device");
    const ended = api.client(identity);
    expect((await ended.get("/api/v1/certificates?role=2")).status).toBe(200);
    const estate = await joinEstate(api.service.data);
    const serialNumber = normaliseSerialNumber(new X509Certificate(identity.cert).serialNumber);
    await estate.database.transaction((tx) =>
      endCredential(tx, localOperator("test").name, serialNumber, new Date()),
    );
    await estate.close();
    const answer = await ended.get("/api/v1/certificates?role=2");
    expect([answer.status, refusalIn(answer).code]).toEqual([401, "CREDENTIAL_ENDED"]);
    expect((await api.client(identity).get("/api/v1/certificates?role=2")).status).toBe(401);
  });

  test("with a session that is resumed is who it was, and a stranger stays one", async () => {
    const ca = readFileSync(serverAuthorityFile(join(api.service.data, "tls")), "utf8");
    const { hostname, port } = new URL(api.service.answer.url);
    const ask = (agent: Agent) =>
      new Promise<{ status: number; reused: boolean }>((resolve, reject) => {
        const sent = request({ hostname, port, path: "/api/v1/certificates?role=2", agent }, (response) => {
          const reused = response.socket instanceof TLSSocket && response.socket.isSessionReused();
          response.resume().on("end", () => {
            resolve({ status: response.statusCode ?? 0, reused });
          });
        });
        sent.on("error", reject).end();
      });
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const known = new Agent({ ca, maxVersion, ...credentialOf(api.service.data, "SMPS", "organisation") });
      expect((await ask(known)).status).toBe(200);
      expect(await ask(known)).toEqual({ status: 200, reused: true });
      const stranger = new Agent({ ca, maxVersion });
      expect((await ask(stranger)).status).toBe(401);
      expect(await ask(stranger)).toEqual({ status: 401, reused: true });
    }
  });

  test("with another certificate of a known serial number is nobody, although our own CA's key signed it", async () => {
    const identity = credentialOf(api.service.data, "SMPS", "organisation");
    const genuine = new X509Certificate(identity.cert);
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const spki = (key: KeyObject) => key.export({ type: "spki", format: "der" });
    const forged = Buffer.from(genuine.raw);
    const place = forged.indexOf(spki(genuine.publicKey));
    expect(place).toBeGreaterThan(0);
    spki(pair.publicKey).copy(forged, place);
    const estate = await joinEstate(api.service.data);
    const signer = await openOperationalSigner(estate);
    // Certificate ::= SEQUENCE { tbsCertificate, ... }: two headers of four octets; RSA-2048 signs 256 octets.
    const signature = await signer.sign("iki-issuing", forged.subarray(4, 8 + forged.readUInt16BE(6)));
    signature.copy(forged, forged.length - signature.length);
    await signer.close();
    await estate.close();
    const cert = `-----BEGIN CERTIFICATE-----\n${forged.toString("base64")}\n-----END CERTIFICATE-----\n`;
    const key = pair.privateKey.export({ type: "pkcs8", format: "pem" });
    const answer = await api.client({ cert, key }).get("/api/v1/certificates?role=2");
    expect([answer.status, refusalIn(answer).code]).toEqual([401, "CREDENTIAL_UNKNOWN"]);
    expect((await supplier.get("/api/v1/certificates?role=2")).status).toBe(200);
  });

  test("with a certificate of a CA that was revoked is nobody on new connections, without a restart", async () => {
    const identity = credentialOf(api.service.data, "SMPS", "organisation");
    const setState = async (state: string) => {
      const estate = await joinEstate(api.service.data);
      await estate.database.transaction((tx) =>
        sql`update certification_authority set state = ${state} where id = 'iki-issuing'`
          .execute(tx)
          .then(() => undefined),
      );
      await estate.close();
    };
    await setState("revoked");
    const refused = await until(async () => {
      const client = api.client(identity);
      const answer = await client.get("/api/v1/certificates?role=2");
      client.close();
      return answer.status === 401 ? refusalIn(answer).code : undefined;
    });
    expect(refused).toBe("CREDENTIAL_UNKNOWN");
    // The CA's own certificate sent along makes no chain to its root.
    const { authorities } = (await nobody.get("/api/v1/authorities")).json() as {
      authorities: { id: string; certificate: string }[];
    };
    const issuing = authorities.find(({ id }) => id === "iki-issuing")?.certificate ?? "";
    const cert = `${identity.cert}\n-----BEGIN CERTIFICATE-----\n${issuing}\n-----END CERTIFICATE-----\n`;
    expect((await api.client({ ...identity, cert }).get("/api/v1/certificates?role=2")).status).toBe(401);
  });
});
