import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { SmkiError } from "../../errors/smki-error.ts";
import { readAdHocAnswer, writeAdHocRequest } from "../../web/smki/messages/index.ts";
import { readCsrFile } from "./csr-file.ts";
import { syncFolder } from "./durable.ts";
import { certificateFile, ownCertificate } from "./folder.ts";
import { type PathCheckOf, serialNumberOf } from "./match-certificate.ts";
import type { CsrReport } from "./outcomes.ts";
import type { HttpService } from "./service.ts";
import { keepCertificate, serialNumberIn } from "./take-results.ts";
import type { Work } from "./work.ts";

/** What is to be replaced, and where. */
export interface ReplaceOrder {
  /** The file of the CSR. */
  readonly file: string;
  readonly service: HttpService;
  /** The path of the service: Appendix M leaves it to the SMKI User Guide. */
  readonly path: string;
  readonly retrieve?: Work["retrieve"];
  readonly judge?: PathCheckOf | undefined;
}

/**
 * Has one CSR certified by the Ad Hoc Device CSR Web Service (SEC Appendix M 2.4) of any SMKI, which replaces a
 * certificate of a Device. A lost answer costs nothing: asked again, the service names the certificate that the key has.
 *
 * @throws SmkiError with a `CSR_` code, CLIENT_CERTIFICATE_OF_ANOTHER, ANSWER_INVALID, CLIENT_ANSWER_OF_ANOTHER; as `HttpService.post`
 */
export async function replaceCertificate({
  file,
  service,
  path,
  retrieve,
  judge,
}: ReplaceOrder): Promise<CsrReport> {
  const csr = readCsrFile(file);
  const folder = dirname(file);
  const name = basename(file);
  const present = ownCertificate(join(folder, certificateFile(name)), csr.request, judge);
  if (present !== undefined) return { file, status: "issued", serialNumber: serialNumberOf(present) };

  const reference = randomBytes(16).toString("hex");
  const message = Buffer.from(writeAdHocRequest(reference, csr.der));
  const octets = await service.post(path, {
    octets: message.length,
    pieces: async function* () {
      yield message;
    },
  });
  const { reference: answered, answer } = readAdHocAnswer(octets);
  if (answered !== undefined && answered !== reference)
    throw new SmkiError("CLIENT_ANSWER_OF_ANOTHER", { reference: answered });
  const keep = async (certificate: Buffer): Promise<CsrReport> => {
    const work = { folder, judge, afterStep: () => undefined };
    const kept = await keepCertificate(work, name, csr.request, certificate, undefined);
    syncFolder(folder);
    return { ...kept, file };
  };
  if ("certificate" in answer) return keep(Buffer.from(answer.certificate));
  const { code, text } = answer.error;
  const serialNumber = serialNumberIn(text);
  const certificate =
    code === "CR:9999" && serialNumber !== undefined ? await retrieve?.(serialNumber) : undefined;
  return certificate === undefined
    ? { file, status: "refused", reason: answer.status, errorCode: code, text }
    : keep(certificate);
}
