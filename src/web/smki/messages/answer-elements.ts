import { type XmlNode, xmlElement } from "../../xml/index.ts";
import type { CsrAnswer, MessageError } from "./statuses.ts";

/** The version of both web services that Appendix M describes. */
export const interfaceVersion = "1.0";

/** What every answer begins with. @param build - the software's own version */
export function headElements(build: string): XmlNode[] {
  return [xmlElement("Version", interfaceVersion), xmlElement("Build", build)];
}

/** Error with its code and text. */
export function errorElement({ code, text }: MessageError): XmlNode {
  return xmlElement("Error", [xmlElement("ErrorCode", code), xmlElement("ErrorText", text)]);
}

/** Status of a CSR, with its certificate or its error. */
export function csrAnswerElements(answer: CsrAnswer<string>): XmlNode[] {
  return [
    xmlElement("Status", answer.status),
    "certificate" in answer
      ? xmlElement("Certificate", Buffer.from(answer.certificate).toString("base64"))
      : errorElement(answer.error),
  ];
}
