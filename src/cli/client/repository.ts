import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readXmlDocument, writeXmlDocument, xmlElement } from "../../web/xml/index.ts";
import type { HttpService } from "./service.ts";

/**
 * Fetches a certificate of the SMKI Repository by its serial number, as clients of Smart DCC's DCC Boxed do: one question
 * after the other.
 *
 * @param apiKey - identifies the user (SEC Appendix P, Appendix B)
 * @returns asks; DER, or nothing where the repository does not have it
 */
export function repositoryRetrieval(
  service: HttpService,
  apiKey: string | undefined,
): (serialNumber: string) => Promise<Buffer | undefined> {
  const query = apiKey === undefined ? "" : `?apikey=${encodeURIComponent(apiKey)}`;
  let before: Promise<unknown> = Promise.resolve();
  const ask = async (serialNumber: string): Promise<Buffer | undefined> => {
    const question = Buffer.from(
      writeXmlDocument(xmlElement("CertificateDataRequest", [xmlElement("CertificateSerial", serialNumber)])),
    );
    const answer = await service.post(`/services/retrievecertificate${query}`, {
      octets: question.length,
      pieces: async function* () {
        yield question;
      },
    });
    const root = readXmlDocument(answer);
    if (root.name !== "CertificateDataResponse")
      throw new SmkiError("ANSWER_INVALID", {
        reason: `CertificateDataResponse expected, not ${root.name.slice(0, 40)}`,
      });
    const body = root.children
      .find(({ name }) => name === "CertificateResponse")
      ?.children.find(({ name }) => name === "CertificateBody");
    return body === undefined || body.text === "" ? undefined : Buffer.from(body.text, "base64");
  };
  return (serialNumber) => {
    const mine = before
      .then(() => ask(serialNumber))
      .catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
    before = mine.catch(() => undefined);
    return mine;
  };
}

/** The repository's own way to say so: 402 (as DCC Boxed has it). */
const isNotFound = (error: unknown): boolean =>
  isSmkiError(error, "CLIENT_ANSWER_STATUS") && error.details["status"] === 402;
