import { expect, test } from "vitest";
import { messageMediaType, requireXmlMediaType } from "./index.ts";

test.each([
  messageMediaType,
  "application/xml",
  "text/xml",
  "Application/XML; charset=utf-8",
  `application/xml ; charset="UTF-8"`,
  "application/xml; x=y; charset=utf-8",
])("XML in UTF-8 is taken as %j", (contentType) => {
  expect(() => requireXmlMediaType(contentType)).not.toThrow();
});

test.each([
  undefined,
  "",
  "application/json",
  "application/xmlx",
  "application/soap+xml",
  "application/xml;charset=ISO-8859-1",
  "application/xml;charset=utf-16",
  `application/xml;charset="utf-16";charset=utf-8`,
  "application/xml;charset=",
])("another body is refused as %j", (contentType) => {
  expect(() => requireXmlMediaType(contentType)).toThrow("not sent as XML in UTF-8");
});
