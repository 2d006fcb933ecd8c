import { generateKeyPairSync, sign } from "node:crypto";
import { assembleCsr, buildIkiCsrInfo, encodePem, remotePartyRole } from "../../../certificates/index.ts";
import { localOperator, type WebService } from "../../../registration/principal.ts";
import { findParty } from "../../../registration/registration.ts";
import {
  BatchResultReader,
  messageMediaType,
  readAdHocAnswer,
  readSubmitBatchStatus,
  writeAdHocRequest,
  writeSubmitBatch,
} from "../../../web/smki/messages/index.ts";
import { requestCertificate } from "../../estate/request.ts";
import { type Identity, joinEstate } from "./estates.ts";
import type { Answer, HttpsClient } from "./https-client.ts";

const rsa = { modulusLength: 2048 };

/** Grants a system of a Party a credential for one of the web services, or for neither. */
export async function systemCredential(
  data: string,
  party: string,
  systemName: string,
  webService?: WebService,
): Promise<Identity> {
  const estate = await joinEstate(data);
  try {
    const { id: partyId, name, roles } = await estate.database.read((tx) => findParty(tx, party));
    const pair = generateKeyPairSync("rsa", rsa);
    const info = buildIkiCsrInfo({
      organisation: name,
      role: roles[0] ?? remotePartyRole(2),
      commonName: systemName,
      publicKey: pair.publicKey.export({ format: "der", type: "spki" }),
    });
    const csr = assembleCsr(info, sign("sha256", info, pair.privateKey));
    const holder = {
      partyId,
      systemName,
      subscriberFor: "device" as const,
      ...(webService === undefined ? {} : { webService }),
    };
    const submission = { reference: systemName, partyId, holder };
    const { certificate } = await requestCertificate(estate, localOperator("test"), "iki", submission, csr);
    return { cert: encodePem(certificate), key: pair.privateKey.export({ format: "pem", type: "pkcs8" }) };
  } finally {
    await estate.close();
  }
}

const headers = { "content-type": messageMediaType };

export const adHocPath = "/1.0/DeviceCSR/SubmitCSR";
export const submitPath = "/1.0/PortalCSRBatch/SubmitCSRBatch";
export const resultPath = (batchId: string) => `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${batchId}`;

/** Sends a body to the ad hoc service, whatever it is. */
export const postAdHoc = (client: HttpsClient, body: string | Buffer): Promise<Answer> =>
  client.send("POST", adHocPath, { headers, body });

/** Sends one CSR. */
export async function askAdHoc(client: HttpsClient, reference: string, csr: Buffer) {
  return readAdHocAnswer((await postAdHoc(client, writeAdHocRequest(reference, csr))).octets);
}

/** The body of a batch. */
export async function batchBody(
  reference: string,
  csrs: readonly { readonly clientId: string; readonly request: Buffer }[],
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of writeSubmitBatch(reference, csrs)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Sends a batch, whatever it is. */
export async function postBatch(client: HttpsClient, body: string | Buffer) {
  const answer = await client.send("POST", submitPath, { headers, body });
  return { ...answer, message: readSubmitBatchStatus(answer.octets) };
}

/** Asks for the result of a batch. */
export async function askResult(client: HttpsClient, batchId: string) {
  const answer = await client.get(resultPath(batchId));
  const reader = new BatchResultReader();
  const answers = reader.write(answer.octets);
  return { ...answer, head: reader.end(), answers };
}
