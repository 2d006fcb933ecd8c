import { describe, expect, it } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { readDer } from "../der/index.ts";
import { replaced } from "../der/replaced.testdata.ts";
import { buildDeviceCsrInfo, buildIkiCsrInfo, buildOrganisationCsrInfo } from "./build.ts";
import { parseCsr } from "./parse.ts";
import { readDeviceCsr, readIkiCsr, readOrganisationCsr } from "./read-request.ts";
import {
  deviceCsr,
  deviceRequest,
  hasRealMessage,
  ikiCsr,
  ikiRequest,
  loadRealDeviceCsr,
  organisationCsr,
  organisationRequest,
  signed,
} from "./requests.testdata.ts";
import { verifyCsrSignature } from "./verify.ts";

function codeOf(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (error) {
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

const device = (der: Buffer) => codeOf(() => readDeviceCsr(parseCsr(der)));
const organisation = (der: Buffer) => codeOf(() => readOrganisationCsr(parseCsr(der)));
const iki = (der: Buffer) => codeOf(() => readIkiCsr(parseCsr(der)));

const keyUsageExtension = "300e0603551d0f0101ff040403020780";
const altName = "3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4";
const point = deviceRequest.publicKey.toString("hex");

describe("a request that was built is read back", () => {
  it("as the Device Request that it was made from", () => {
    const request = parseCsr(deviceCsr);
    expect(readDeviceCsr(request)).toEqual(deviceRequest);
    verifyCsrSignature(request);
  });

  it("as the Organisation Request that it was made from, with and without a common name", () => {
    const request = parseCsr(organisationCsr);
    expect(readOrganisationCsr(request)).toEqual(organisationRequest);
    verifyCsrSignature(request);
    const { commonName, ...unnamed } = organisationRequest;
    expect(commonName).toBe("SAMPLESUPPLIER");
    expect(readOrganisationCsr(parseCsr(signed(buildOrganisationCsrInfo(unnamed))))).toEqual(unnamed);
  });

  it("as the IKI Request that it was made from", () => {
    const request = parseCsr(ikiCsr);
    expect(readIkiCsr(request)).toEqual(ikiRequest);
    verifyCsrSignature(request);
  });
});

describe.skipIf(!hasRealMessage)("the request in a real CS02c response [needs ../shared/data]", () => {
  it("is read, verifies, and is built again octet for octet", () => {
    const der = loadRealDeviceCsr();
    const request = parseCsr(der);
    expect(der).toHaveLength(279);
    verifyCsrSignature(request);
    const fields = readDeviceCsr(request);
    expect(fields.keyUsage).toBe("digitalSignature");
    expect(buildDeviceCsrInfo(fields)).toEqual(request.info);
  });
});

describe("a Device CSR is accepted", () => {
  it("with a keyUsage and a subjectAltName that are not critical", () => {
    const relaxed = replaced(deviceCsr, "0603551d0f0101ff", "0603551d0f");
    expect(readDeviceCsr(parseCsr(replaced(relaxed, "0603551d110101ff", "0603551d11")))).toEqual(
      deviceRequest,
    );
  });

  it("with extensions of no use to it, which are not read", () => {
    const serverAuthentication = "30130603551d25040c300a06082b06010505070301";
    expect(device(replaced(deviceCsr, keyUsageExtension, serverAuthentication + keyUsageExtension))).toBe(
      "accepted",
    );
  });

  it("with other attributes beside the extensionRequest", () => {
    const challengePassword = "301106092a864886f70d010907310413026869";
    const attribute = "06092a864886f70d01090e";
    const info = buildDeviceCsrInfo(deviceRequest);
    const start = info.indexOf(Buffer.from(attribute, "hex")) - 2;
    const first = info.subarray(start, start + 2).toString("hex") + attribute;
    expect(device(signed(replaced(info, first, challengePassword + first)))).toBe("accepted");
  });
});

describe("a Device CSR is refused", () => {
  const cases: Record<string, [() => Buffer, string]> = {
    "with a subject": [
      () => replaced(deviceCsr, "0201003000", "020100300c310a300806035504030c0141"),
      "CSR_SUBJECT_NOT_EMPTY",
    ],
    "of version 1": [() => replaced(deviceCsr, "0201003000", "0201013000"), "CSR_VERSION_UNSUPPORTED"],
    "without keyUsage": [() => replaced(deviceCsr, keyUsageExtension, ""), "CSR_KEY_USAGE_MISSING"],
    "for both usages": [() => replaced(deviceCsr, "03020780", "03020388"), "CSR_KEY_USAGE_INVALID"],
    "for nonRepudiation": [() => replaced(deviceCsr, "03020780", "03020640"), "CSR_KEY_USAGE_INVALID"],
    "with a keyUsage that is not DER": [() => replaced(deviceCsr, "03020780", "03020080"), "CSR_MALFORMED"],
    "without subjectAltName": [
      () => replaced(deviceCsr, `30350603551d110101ff042b${altName}`, ""),
      "CSR_SUBJECT_ALT_NAME_MISSING",
    ],
    "with two names": [
      () => replaced(deviceCsr, altName.slice(4), altName.slice(4) + altName.slice(4)),
      "CSR_NAMES_SEVERAL",
    ],
    "with a second name of another kind": [
      () => replaced(deviceCsr, altName.slice(4), `${altName.slice(4)}8203412e42`),
      "CSR_NAMES_SEVERAL",
    ],
    "with a DNS name": [() => replaced(deviceCsr, altName, "30058203412e42"), "CSR_SUBJECT_ALT_NAME_INVALID"],
    "with no name at all": [() => replaced(deviceCsr, altName, "3000"), "CSR_SUBJECT_ALT_NAME_INVALID"],
    "with another kind of otherName": [
      () => replaced(deviceCsr, "2b06010505070804", "2b06010505070803"),
      "CSR_SUBJECT_ALT_NAME_INVALID",
    ],
    "with an identifier of 7 octets": [
      () => replaced(deviceCsr, "040800db1234567890a4", "040700db1234567890"),
      "CSR_ENTITY_IDENTIFIER_INVALID",
    ],
    "with keyUsage twice": [
      () => replaced(deviceCsr, keyUsageExtension, keyUsageExtension + keyUsageExtension),
      "CSR_EXTENSION_DUPLICATED",
    ],
    "on another curve": [
      () => replaced(deviceCsr, "06082a8648ce3d030107", "06052b81040022"),
      "CSR_CURVE_UNSUPPORTED",
    ],
    "with a key that is not on any curve": [
      () => replaced(deviceCsr, "06072a8648ce3d0201", "06092a864886f70d010101"),
      "CSR_KEY_ALGORITHM_UNSUPPORTED",
    ],
    "with a compressed point": [
      () => replaced(deviceCsr, `034200${point}`, `03220002${point.slice(2, 66)}`),
      "CSR_POINT_COMPRESSED",
    ],
    "with a point off the curve": [
      () =>
        replaced(
          deviceCsr,
          point.slice(-8),
          ((parseInt(point.slice(-8), 16) ^ 1) >>> 0).toString(16).padStart(8, "0"),
        ),
      "CSR_POINT_OFF_CURVE",
    ],
    "with NULL after the signature algorithm": [
      () => replaced(deviceCsr, "06082a8648ce3d040302", "06082a8648ce3d0403020500"),
      "CSR_SIGNATURE_ALGORITHM_UNSUPPORTED",
    ],
    "signed with SHA-384": [
      () => replaced(deviceCsr, "2a8648ce3d040302", "2a8648ce3d040303"),
      "CSR_SIGNATURE_ALGORITHM_UNSUPPORTED",
    ],
    "with an octet after its end": [() => Buffer.concat([deviceCsr, Buffer.from([0])]), "CSR_MALFORMED"],
    "cut short": [() => deviceCsr.subarray(0, -1), "CSR_MALFORMED"],
    "over the size limit": [() => Buffer.alloc(4097, 0x30), "CSR_TOO_LARGE"],
    "when it is an Organisation's": [() => organisationCsr, "CSR_SUBJECT_NOT_EMPTY"],
  };
  for (const [name, [make, code]] of Object.entries(cases)) {
    it(`${name}: ${code}`, () => {
      expect(device(make())).toBe(code);
    });
  }

  it("with two extensionRequest attributes", () => {
    const info = buildDeviceCsrInfo(deviceRequest);
    const attribute = info.subarray(info.indexOf(Buffer.from("06092a864886f70d01090e", "hex")) - 2);
    const twice = replaced(info, attribute.toString("hex"), attribute.toString("hex").repeat(2));
    expect(device(signed(twice))).toBe("CSR_ATTRIBUTE_DUPLICATED");
  });
});

describe("an Organisation CSR is refused", () => {
  const unit = "310b3009060355040b0c023032";
  const identifier = "311230100603550" + "42d03090090b3d51f30010000";
  const cases: Record<string, [() => Buffer, string]> = {
    "with an OU of three characters": [
      () => replaced(organisationCsr, "0c023032", "0c03313337"),
      "CSR_ROLE_INVALID",
    ],
    "with a lower-case OU": [() => replaced(organisationCsr, "0c023032", "0c023766"), "CSR_ROLE_INVALID"],
    "with the code of no role": [() => replaced(organisationCsr, "0c023032", "0c023535"), "CSR_ROLE_INVALID"],
    "without OU": [() => replaced(organisationCsr, unit, ""), "CSR_SUBJECT_INVALID"],
    "with two OUs": [() => replaced(organisationCsr, unit, unit + unit), "CSR_SUBJECT_INVALID"],
    "without an identifier": [() => replaced(organisationCsr, identifier, ""), "CSR_SUBJECT_INVALID"],
    "with an identifier of 7 octets": [
      () => replaced(organisationCsr, "03090090b3d51f30010000", "03080090b3d51f300100"),
      "CSR_ENTITY_IDENTIFIER_INVALID",
    ],
    "with an identifier that is text": [
      () => replaced(organisationCsr, "03090090b3d51f30010000", "0c083930623364353166"),
      "CSR_ENTITY_IDENTIFIER_INVALID",
    ],
    "with a country": [
      () => replaced(organisationCsr, unit, `310b3009060355040613024742${unit}`),
      "CSR_SUBJECT_INVALID",
    ],
    "with an empty common name": [
      () => replaced(organisationCsr, "0c0e53414d504c45535550504c494552", "0c00"),
      "CSR_SUBJECT_INVALID",
    ],
    "when it is a Device's": [() => deviceCsr, "CSR_SUBJECT_INVALID"],
    "with an RSA key": [() => ikiCsr, "CSR_SUBJECT_INVALID"],
  };
  for (const [name, [make, code]] of Object.entries(cases)) {
    it(`${name}: ${code}`, () => {
      expect(organisation(make())).toBe(code);
    });
  }

  it("with two attributes in one RDN", () => {
    const single = "310b3009060355040b0c023032" + identifier;
    const joined = `311d${single.slice(4, 26)}${identifier.slice(4)}`;
    expect(organisation(replaced(organisationCsr, single, joined))).toBe("CSR_SUBJECT_INVALID");
  });
});

describe("an IKI CSR is refused", () => {
  it.each([
    ["for keyAgreement", "03020780", "03020308", "CSR_KEY_USAGE_INVALID"],
    ["with another exponent", "0203010001", "0203010003", "CSR_RSA_KEY_UNSUPPORTED"],
    ["with an even modulus exponent", "0203010001", "0203010002", "CSR_RSA_KEY_UNSUPPORTED"],
    [
      "signed with SHA-1",
      "06092a864886f70d01010b",
      "06092a864886f70d010105",
      "CSR_SIGNATURE_ALGORITHM_UNSUPPORTED",
    ],
    ["without a trading name", "0603550" + "40a", "0603550" + "406", "CSR_SUBJECT_INVALID"],
  ])("%s", (_, from, to, code) => {
    expect(iki(replaced(ikiCsr, from, to))).toBe(code);
  });

  it("with a key of a curve", () => {
    const info = buildIkiCsrInfo(ikiRequest);
    const key = readDer(ikiRequest.publicKey, (reader) => reader.element());
    const pointInfo = `3059301306072a8648ce3d020106082a8648ce3d030107034200${point}`;
    expect(iki(signed(replaced(info, key.toString("hex"), pointInfo)))).toBe("CSR_KEY_ALGORITHM_UNSUPPORTED");
  });
});

describe("the signature of a request", () => {
  it("that was altered in any octet does not verify", () => {
    for (const at of [10, 60, 150, 200, deviceCsr.length - 1, deviceCsr.length - 40]) {
      const altered = Buffer.from(deviceCsr);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      const code = codeOf(() => {
        verifyCsrSignature(parseCsr(altered));
      });
      expect(code).toMatch(/^CSR_(SIGNATURE_INVALID|SIGNATURE_ALGORITHM_UNSUPPORTED|MALFORMED)$/);
    }
  });

  it("over another key's request does not verify", () => {
    const altered = Buffer.from(deviceCsr);
    altered.set(
      Buffer.from("00db1234567890a5", "hex"),
      altered.indexOf(Buffer.from("00db1234567890a4", "hex")),
    );
    expect(
      codeOf(() => {
        verifyCsrSignature(parseCsr(altered));
      }),
    ).toBe("CSR_SIGNATURE_INVALID");
  });
});
