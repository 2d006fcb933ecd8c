import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path/posix";
import { type BoxedKeyStore, KeyUsage } from "@smartdcc/dccboxed-keystore";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeDeviceCertificate,
  makeOrganisationCertificate,
  type TestCertificate,
} from "../../authorities/authorities.testkit.ts";
import { markNotInUse, revokeCertificate } from "../../authorities/revocation/revoke.ts";
import { encodePem, eui64, normaliseSerialNumber } from "../../certificates/index.ts";
import { type BoxedTestbed, boxedTestbed, type RunningService, testNow } from "./boxed.testkit.ts";
import { KeyStoreDB, query, search, withEmptyClient } from "./dcc-client.testkit.ts";
import { readZip } from "./zip.testkit.ts";

const device = "00-db-12-34-00-00-00-01";
const organisation = "90-B3-D5-1F-30-0A-00-00";
// Ten years and a day before the requests are made.
const longAgo = new Date("2016-03-03T00:00:00Z");

let testbed: BoxedTestbed;
let boxed: RunningService;
const certificates = {} as Record<
  "deviceDs" | "deviceKa" | "rejected" | "supplierDs" | "supplierKa" | "networkDs" | "revoked" | "expired",
  TestCertificate
>;

beforeAll(async () => {
  testbed = await boxedTestbed();
  const { hierarchy } = testbed;
  const ofDevice = { deviceId: eui64(device), from: testNow };
  const ofSupplier = { entityIdentifier: eui64(organisation), role: 2, from: testNow } as const;
  const ds = { keyUsage: "digitalSignature" } as const;
  Object.assign(certificates, {
    // BigInt drops the leading zero: this serial number reaches the service with an odd number of digits.
    deviceDs: makeDeviceCertificate(hierarchy, {
      ...ofDevice,
      ...ds,
      serialNumber: normaliseSerialNumber("0badc0ffee0000000000000000000abc"),
    }),
    deviceKa: makeDeviceCertificate(hierarchy, { ...ofDevice, keyUsage: "keyAgreement" }),
    rejected: makeDeviceCertificate(hierarchy, { ...ofDevice, ...ds }),
    supplierDs: makeOrganisationCertificate(hierarchy, { ...ofSupplier, ...ds }),
    supplierKa: makeOrganisationCertificate(hierarchy, { ...ofSupplier, keyUsage: "keyAgreement" }),
    networkDs: makeOrganisationCertificate(hierarchy, { ...ofSupplier, ...ds, role: 3 }),
    revoked: makeOrganisationCertificate(hierarchy, { ...ofSupplier, ...ds }),
    expired: makeOrganisationCertificate(hierarchy, { ...ofSupplier, ...ds, from: longAgo }),
  } satisfies typeof certificates);
  await testbed.lodge(...Object.values(certificates));
  await testbed.database.transaction(async (tx) => {
    const revocation = {
      serialNumber: serialOf("revoked"),
      reason: "superseded",
      requestedBy: "test",
    } as const;
    await revokeCertificate(tx, revocation, testNow);
    const mark = { serialNumber: serialOf("rejected"), reason: "rejected", reportedBy: "test" };
    await markNotInUse(tx, mark, testNow);
  });
  boxed = await testbed.start();
});

afterAll(() => testbed.end());

const serialOf = (name: keyof typeof certificates) => certificates[name].fields.serialNumber;
const bigSerialOf = (name: keyof typeof certificates) => BigInt(`0x${serialOf(name)}`);
const derOf = (name: keyof typeof certificates) => certificates[name].certificate;

const lookUp = (client: BoxedKeyStore, serial: bigint) => client.query({ serial, lookup: "certificate" });
const lookUpDevice = (client: BoxedKeyStore, eui: string, keyUsage: KeyUsage) =>
  client.query({ eui, keyUsage, lookup: "certificate" });

describe("the DCC's own client, unmodified and with an empty key store of its own", () => {
  test("finds a device's certificate by EUI-64: one search, then one request for each certificate in use", async () => {
    const found = await withEmptyClient(boxed.url, (client) =>
      lookUpDevice(client, device, KeyUsage.digitalSignature),
    );
    expect(found?.map(({ certificate }) => certificate.raw)).toEqual([derOf("deviceDs")]);
    expect(found?.[0]).toMatchObject({ serial: bigSerialOf("deviceDs"), keyUsage: [0] });
    expect(await boxed.takeRequests(2)).toMatchObject([
      {
        method: "POST",
        path: "/services/certificatesearch",
        search: "device",
        asked: device,
        identifier: "00db123400000001",
        results: 3,
        status: 200,
      },
      {
        method: "POST",
        path: "/services/retrievecertificate",
        search: "serial",
        asked: serialOf("deviceDs").toUpperCase(),
        identifier: serialOf("deviceDs"),
        status: 200,
      },
    ]);
  });

  test("gets the other usage as another certificate, and asks no more for what it has in its cache", async () => {
    await withEmptyClient(boxed.url, async (client) => {
      for (let round = 0; round < 2; round += 1) {
        const found = await lookUpDevice(client, "00DB123400000001", KeyUsage.keyAgreement);
        expect(found?.map(({ certificate }) => certificate.raw)).toEqual([derOf("deviceKa")]);
        const expected = round === 0 ? 2 : 0;
        expect(await boxed.takeRequests(expected)).toHaveLength(expected);
      }
    });
  });

  test("takes host and port without a scheme too", async () => {
    const address = `127.0.0.1:${String(boxed.port)}`;
    const found = await withEmptyClient(address, (client) => lookUp(client, bigSerialOf("deviceKa")));
    expect(found?.certificate.raw).toEqual(derOf("deviceKa"));
    await boxed.takeRequests(1);
  });

  test.each(["deviceDs", "deviceKa", "supplierDs", "supplierKa"] as const)(
    "finds %s by serial number, sent as lower-case hexadecimal without leading zeros",
    async (name) => {
      const found = await withEmptyClient(boxed.url, (client) => lookUp(client, bigSerialOf(name)));
      expect(found?.certificate.raw).toEqual(derOf(name));
      expect(found?.role).toBe(name.startsWith("supplier") ? 2 : undefined);
      const asked = serialOf(name).replace(/^0/, "");
      expect(await boxed.takeRequests(1)).toMatchObject([
        { search: "serial", asked, identifier: serialOf(name), results: 1, status: 200 },
      ]);
    },
  );

  test("is told of a device that has none, and of a serial number that no certificate has", async () => {
    await withEmptyClient(boxed.url, async (client) => {
      expect(await lookUpDevice(client, "00db123499999999", KeyUsage.digitalSignature)).toBeNull();
      expect(await lookUp(client, 0xabcdefn)).toBeNull();
    });
    expect(await boxed.takeRequests(2)).toMatchObject([
      { search: "device", identifier: "00db123499999999", results: 0, status: 402 },
      { search: "serial", asked: "abcdef", results: 0, status: 402, code: "BOXED_CERTIFICATE_NOT_FOUND" },
    ]);
  });

  test("is given no CA certificate: those have no EUI-64 that an answer could name", async () => {
    for (const { fields } of Object.values(testbed.hierarchy))
      expect(await query(fields.serialNumber, boxed.url)).toBeNull();
    expect((await boxed.takeRequests(4)).map(({ status }) => status)).toEqual([402, 402, 402, 402]);
  });

  test("finds an organisation by EUI-64 with the package's own search function, by role and usage", async () => {
    const wanted = { q: { CertificateSubjectName: organisation }, CertificateStatus: "I" } as const;
    const found = await search({ ...wanted, CertificateUsage: "DS", CertificateRole: "2" }, boxed.url);
    expect(found.map(({ x509 }) => x509.raw)).toEqual([derOf("supplierDs")]);
    expect(found[0]?.meta.role).toBe(2);
    const network = await search({ ...wanted, CertificateUsage: "DS", CertificateRole: "3" }, boxed.url);
    expect(network.map(({ x509 }) => x509.raw)).toEqual([derOf("networkDs")]);
    const agreement = await search({ ...wanted, CertificateUsage: "KA" }, boxed.url);
    expect(agreement.map(({ x509 }) => x509.raw)).toEqual([derOf("supplierKa")]);
    const requests = await boxed.takeRequests(6);
    expect(requests.filter(({ search: kind }) => kind === "organisation")).toMatchObject(
      Array.from({ length: 3 }, () => ({ asked: organisation, identifier: "90b3d51f300a0000", results: 5 })),
    );
    expect(requests).toHaveLength(6);
  });

  test.each([
    ["revoked", "R", organisation],
    ["expired", "E", organisation],
    ["rejected", "N", device],
  ] as const)(
    "is not given the %s certificate, though the service lists it with status %s",
    async (name, status, eui) => {
      const q = name === "rejected" ? { CertificateSubjectAltName: eui } : { CertificateSubjectName: eui };
      const inUse = await search({ q, CertificateUsage: "DS", CertificateStatus: "I" }, boxed.url);
      expect(inUse.length).toBeGreaterThan(0);
      expect(inUse.map(({ x509 }) => x509.raw)).not.toContainEqual(derOf(name));
      const listed = await search({ q, CertificateUsage: "DS", CertificateStatus: status }, boxed.url);
      expect(listed.map(({ x509 }) => x509.raw)).toEqual([derOf(name)]);
      // Two searches, and a request for each certificate that the client keeps.
      await boxed.takeRequests(2 + inUse.length + listed.length);
    },
  );

  test("reports as its own mistake an EUI-64 that is none", async () => {
    const wanted = { CertificateUsage: "DS", CertificateStatus: "I" } as const;
    await expect(
      search({ ...wanted, q: { CertificateSubjectAltName: "not-an-eui" } }, boxed.url),
    ).rejects.toThrow("invalid search parameters");
    expect(await boxed.takeRequests(1)).toMatchObject([
      { search: "device", asked: "not-an-eui", status: 401, code: "EUI64_INVALID" },
    ]);
  });

  test("reports parameters as invalid where the service wants another api key than the client's own", async () => {
    const guarded = await testbed.start({ apiKey: "another-key" });
    await expect(query(serialOf("deviceDs"), guarded.url)).rejects.toThrow("invalid search parameters");
    expect(await guarded.takeRequests(1)).toMatchObject([{ status: 401, code: "BOXED_API_KEY_WRONG" }]);
    // The package's source has this key in it.
    const itsKey = "u3bg9gt38htd0j2";
    const open = await testbed.start({ apiKey: itsKey });
    expect((await query(serialOf("deviceDs"), open.url))?.x509.raw).toEqual(derOf("deviceDs"));
    for (const { logText } of [guarded, open]) {
      expect(logText()).not.toContain(itsKey);
      expect(logText()).not.toContain("another-key");
    }
  });
});

describe("the bundle, by the requests of the DCC client's build script", () => {
  const entries = () =>
    (["supplierDs", "supplierKa", "networkDs"] as const).map((name) => ({
      name: `Z1-${name}`,
      certificatePem: encodePem(derOf(name)),
      privateKeyPem: certificates[name].privateKey.export({ format: "pem", type: "pkcs8" }),
    }));

  test("is announced by HEAD, fetched by GET and filled into a new key store, every pair of it", async () => {
    const { url, takeRequests } = await testbed.start({ bundle: async () => entries() });
    const address = `${url}assets/crypto/org-crypto.zip`;
    const head = await fetch(address, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-type")).toBe("application/zip");
    const length = Number(head.headers.get("content-length"));
    expect(length).toBeGreaterThan(0);
    const got = await fetch(address, { headers: { "accept-encoding": "identity" } });
    const octets = Buffer.from(await got.arrayBuffer());
    expect(octets).toHaveLength(length);

    const folder = await mkdtemp(join(tmpdir(), "dcc-build-"));
    try {
      const file = join(folder, "keystore.json");
      const store = new KeyStoreDB(file);
      const unpacked = await readZip(octets);
      const roles: (number | undefined)[] = [];
      for (const [path, content] of unpacked)
        if (path.endsWith(".pem") && dirname(path).includes("cert")) {
          const key = unpacked.get(path.replace("/cert/", "/key/").replace(/\.pem$/, ".key"));
          const pair = {
            certificate: new X509Certificate(content),
            private: createPrivateKey(key ?? ""),
            name: basename(path, ".pem"),
          };
          roles.push((await store.push(pair)).role);
        }
      expect(roles.toSorted()).toEqual([2, 2, 3]);
      const built = JSON.parse(await readFile(file, "utf8")) as Record<string, Record<string, object>>;
      expect(Object.keys(built)).toEqual(["90b3d51f300a0000"]);
      expect(Object.keys(built["90b3d51f300a0000"]?.["digitalSignature"] ?? {}).toSorted()).toEqual(
        [bigSerialOf("supplierDs"), bigSerialOf("networkDs")].map(String).toSorted(),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await takeRequests(2)).toMatchObject([
      { method: "HEAD", path: "/assets/crypto/org-crypto.zip", search: "bundle", status: 200 },
      { method: "GET", path: "/assets/crypto/org-crypto.zip", search: "bundle", results: 3, status: 200 },
    ]);
  });

  test("is the same octets at the name that the client's manual has", async () => {
    const { url } = await testbed.start({ bundle: async () => entries() });
    const [one, other] = await Promise.all(
      ["org-crypto.zip", "org-certs.zip"].map(async (name) =>
        Buffer.from(await (await fetch(`${url}assets/crypto/${name}`)).arrayBuffer()),
      ),
    );
    expect(one).toEqual(other);
  });

  test.each([undefined, async () => []])("is not there where no source gives one", async (bundle) => {
    const { url } = await testbed.start(bundle === undefined ? {} : { bundle });
    for (const method of ["HEAD", "GET"])
      expect((await fetch(`${url}assets/crypto/org-crypto.zip`, { method })).status).toBe(404);
  });
});
