import { describe, expect, test } from "vitest";
import { SmkiError } from "../../errors/smki-error.ts";
import { readXmlDocument } from "../xml/index.ts";
import { readDataRequest, readSearchRequest } from "./request.ts";

const xml = (text: string) => readXmlDocument(Buffer.from(text));
const search = (inner: string) =>
  readSearchRequest(xml(`<CertificateSearchRequest>${inner}</CertificateSearchRequest>`));
const data = (inner: string) =>
  readDataRequest(xml(`<CertificateDataRequest>${inner}</CertificateDataRequest>`));

describe("a search request asks for", () => {
  test("a device by CertificateSubjectAltName", () => {
    const asked = "00-db-12-34-56-78-90-a4";
    expect(search(`<CertificateSubjectAltName>${asked}</CertificateSubjectAltName>`)).toEqual({
      search: "device",
      asked,
    });
  });
  test("an organisation by CertificateSubjectName, with blanks around it or not", () => {
    const asked = "90-B3-D5-1F-30-01-00-00";
    expect(search(`\n  <CertificateSubjectName>\n ${asked}\n </CertificateSubjectName>\n`)).toEqual({
      search: "organisation",
      asked,
    });
  });
});

test("a data request asks for one serial number", () => {
  expect(data("<CertificateSerial>4a23</CertificateSerial>")).toEqual({ search: "serial", asked: "4a23" });
});

describe("invalid parameters are", () => {
  const name = "<CertificateSubjectName>90B3D51F30010000</CertificateSubjectName>";
  const serial = "<CertificateSerial>4a23</CertificateSerial>";
  test.each([
    ["no search element", () => search("")],
    ["two search elements", () => search(name + name)],
    ["a search element with a filter", () => search(`${name}<CertificateUsage>DS</CertificateUsage>`)],
    ["a filter alone", () => search("<CertificateRole>2</CertificateRole>")],
    ["a serial number in a search", () => search(serial)],
    ["an EUI-64 in a data request", () => data(name)],
    ["an empty element", () => search("<CertificateSubjectName> </CertificateSubjectName>")],
    ["elements in place of a value", () => data("<CertificateSerial><a>4a23</a></CertificateSerial>")],
    ["text beside the element", () => search(`x${name}`)],
    ["an element named as a property of objects", () => search("<constructor>x</constructor>")],
    ["an element with a prefix", () => search("<a:CertificateSubjectName>x</a:CertificateSubjectName>")],
    [
      "the other operation's root",
      () => readSearchRequest(xml(`<CertificateDataRequest>${serial}</CertificateDataRequest>`)),
    ],
    [
      "a root with a prefix",
      () => readDataRequest(xml(`<a:CertificateDataRequest>${serial}</a:CertificateDataRequest>`)),
    ],
  ])("%s", (_, read) => {
    expect(read).toThrow(SmkiError);
    expect(read).toThrow(expect.objectContaining({ code: "BOXED_PARAMETERS_INVALID" }));
  });
});
