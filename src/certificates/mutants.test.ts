import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { signedList } from "./crl/lists.testdata.ts";
import { parseCrl } from "./crl/parse.ts";
import { readCrlFields } from "./crl/read-fields.ts";
import { decodeCsrText, decodeWebServiceCsr } from "./csr/decode-text.ts";
import { parseCsr } from "./csr/parse.ts";
import { readDeviceCsr, readIkiCsr, readOrganisationCsr } from "./csr/read-request.ts";
import {
  deviceCsr,
  hasRealMessage,
  ikiCsr,
  loadRealDeviceCsr,
  organisationCsr,
} from "./csr/requests.testdata.ts";
import { verifyCsrSignature } from "./csr/verify.ts";
import { limits } from "./lint/lint.testdata.ts";
import { lintCertificate } from "./lint/lint.ts";
import { lintCrl } from "./lint/lint-crl.ts";
import { lintProfiles } from "./lint/profile.ts";
import { issuerInfo } from "./lint/samples.testdata.ts";
import { mutantsOf } from "./mutants.testdata.ts";
import { loadKeystoreCertificates } from "./real-certificates.testdata.ts";
import { parseCertificate } from "./syntax/index.ts";

/** Runs what may refuse with a coded error; any other error is a crash and fails the test. */
function refusing<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isSmkiError(error)) return undefined;
    throw error;
  }
}

const requests = [deviceCsr, organisationCsr, ikiCsr, ...(hasRealMessage ? [loadRealDeviceCsr()] : [])];
const certificates = loadKeystoreCertificates().map(({ der }) => der);

describe("mutants are accepted or refused with a code, and never crash a parser", () => {
  it("of requests", () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutantsOf(requests), (der) => {
        const request = refusing(() => parseCsr(der));
        if (request === undefined) return;
        accepted++;
        for (const read of [readDeviceCsr, readOrganisationCsr, readIkiCsr]) refusing(() => read(request));
        refusing(() => {
          verifyCsrSignature(request);
        });
      }),
      { numRuns: 3000 },
    );
    // Otherwise nothing past the parser was tried.
    expect(accepted).toBeGreaterThan(100);
  });

  it("of requests: none verifies and reads as anything but the original", () => {
    const original = readDeviceCsr(parseCsr(deviceCsr));
    fc.assert(
      fc.property(mutantsOf([deviceCsr]), (der) => {
        const read = refusing(() => {
          const request = parseCsr(der);
          verifyCsrSignature(request);
          return readDeviceCsr(request);
        });
        if (read !== undefined) expect(read).toEqual(original);
      }),
      { numRuns: 2000 },
    );
  });

  it("of the texts of requests", () => {
    const text = deviceCsr.toString("base64");
    const armoured = `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
    const texts = [text, armoured].map((each) => Buffer.from(each, "latin1"));
    fc.assert(
      fc.property(mutantsOf(texts), (octets) => {
        const mutant = octets.toString("latin1");
        refusing(() => decodeCsrText(mutant));
        refusing(() => decodeWebServiceCsr(mutant));
      }),
      { numRuns: 2000 },
    );
  });

  it("of lists", () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutantsOf([signedList]), (der) => {
        const list = refusing(() => parseCrl(der));
        if (list === undefined) return;
        accepted++;
        refusing(() => readCrlFields(list));
        const found = lintCrl(list, { issuer: issuerInfo });
        if (!der.equals(signedList)) expect(found).not.toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it("of certificates: the lint judges whatever the parser accepts, under any profile", () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutantsOf(certificates), fc.constantFrom(undefined, ...lintProfiles), (der, profile) => {
        const certificate = refusing(() => parseCertificate(der));
        if (certificate === undefined) return;
        accepted++;
        const options = profile === undefined ? { limits } : { limits, profile };
        lintCertificate(certificate, options);
        expect(lintCertificate(certificate, { ...options, issuer: issuerInfo })).not.toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
