import { randomInt } from "node:crypto";
import { deviceFiller } from "../../src/authorities/testkit/filler.ts";
import { atFixedRate } from "../single-issue/latencies.ts";
import type { Connection } from "../web/connection.ts";

/** One request with what its answer must hold. */
export interface LookUp {
  readonly request: { readonly head: string; readonly body: string };
  /** In the answer of the right certificate, and of no other. */
  readonly holds: string;
}

/** Makes look-ups of certificates drawn at random from all of the filler. */
export type MakeLookUp = () => LookUp;

const draw = (count: number) => deviceFiller(randomInt(1, count + 1));

/** The repository's web service: one certificate by its serial number, with an API key. */
export const byWebService =
  (count: number, apiKey: string): MakeLookUp =>
  () => {
    const serial = draw(count).serialNumber.toUpperCase();
    const body = `<CertificateDataRequest><CertificateSerial>${serial}</CertificateSerial></CertificateDataRequest>`;
    const head = `POST /services/retrievecertificate HTTP/1.1\r\ncontent-type: application/xml\r\nx-api-key: ${apiKey}`;
    return { request: { head, body }, holds: serial };
  };

/** The JSON API over mutual TLS: one certificate by its serial number. */
export const bySerialNumber =
  (count: number): MakeLookUp =>
  () => {
    const { serialNumber } = draw(count);
    return { request: get(`/api/v1/certificates/${serialNumber}`), holds: serialNumber };
  };

/** The JSON API over mutual TLS: the certificates of a Device. */
export const byDevice =
  (count: number): MakeLookUp =>
  () => {
    const { deviceId, serialNumber } = draw(count);
    return { request: get(`/api/v1/certificates?device=${deviceId}`), holds: serialNumber };
  };

/** What the web process answers without the database. */
export const nothing: MakeLookUp = () => ({ request: get("/healthz"), holds: "ok" });

const get = (path: string) => ({ head: `GET ${path} HTTP/1.1`, body: "" });

/** How it went: milliseconds from the intended moment of sending, and answers that were not the right ones. */
export interface Looked {
  readonly latencies: readonly number[];
  readonly wrong: number;
}

/** At a fixed rate over connections that are free; one that has to wait for a connection has its waiting counted. */
export async function lookUpAtRate(
  connections: readonly Connection[],
  perSecond: number,
  seconds: number,
  make: MakeLookUp,
): Promise<Looked> {
  const free = [...connections];
  const waiting: ((connection: Connection) => void)[] = [];
  let wrong = 0;
  const lookUps = Array.from({ length: perSecond * seconds }, make);
  const latencies = await atFixedRate(perSecond, lookUps.length, async (index) => {
    const connection =
      free.pop() ??
      (await new Promise<Connection>((resolve) => {
        waiting.push(resolve);
      }));
    const { request, holds } = lookUps[index] ?? make();
    const { status, body } = await connection.ask(request);
    if (status !== 200 || !body.toString("latin1").toLowerCase().includes(holds.toLowerCase())) wrong += 1;
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else next(connection);
  });
  return { latencies, wrong };
}
