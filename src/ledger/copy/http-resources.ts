import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { SmkiError } from "../../errors/smki-error.ts";
import { type LedgerResources, parallelRequests } from "./resources.ts";

/** How a ledger is reached; PEM throughout. */
export interface HttpAccess {
  /** The CAs to trust in place of the system's. */
  readonly ca?: string;
  /** A credential, where the ledger is not for everyone. */
  readonly certificate?: string;
  readonly key?: string;
}

// A bundle of 256 entries of 65,535 octets with their lengths.
const largestAnswer = 256 * (2 + 0xffff);
const longestSilence = 30_000;
// The largest answer still passes a line of 0.5 Mbit/s. Who sends an octet now and then keeps nobody longer.
const longestRequest = 300_000;
const decompress = promisify(gunzip);

/**
 * A ledger's resources over HTTP. What comes is not believed: the caller checks it against signed checkpoints, so that
 * plain HTTP and mirrors do as well.
 *
 * @param url - the ledger's prefix, for example `https://smki.example/ledger`
 * @param patience - longest that one request may take, in milliseconds
 * @returns the resources; `close` ends the connections
 * @throws SmkiError LEDGER_SOURCE_UNREACHABLE for what is no such address
 */
export function httpResources(
  url: string,
  access: HttpAccess = {},
  patience = longestRequest,
): LedgerResources & { readonly close: () => void } {
  const prefix = parsePrefix(url);
  const isTls = prefix.startsWith("https:");
  const { ca, certificate, key } = access;
  const options = { keepAlive: true, maxSockets: parallelRequests };
  const agent = isTls
    ? new HttpsAgent({
        ...options,
        ...(ca === undefined ? {} : { ca }),
        ...(certificate === undefined ? {} : { cert: certificate }),
        ...(key === undefined ? {} : { key }),
      })
    : new HttpAgent(options);
  const request = isTls ? requestHttps : requestHttp;

  function get(path: string): Promise<Buffer> {
    const address = `${prefix}/${path}`;
    const unreachable = (reason: string, cause?: unknown) =>
      new SmkiError("LEDGER_SOURCE_UNREACHABLE", { url: address, reason }, { cause });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(unreachable(`no whole answer within ${String(patience / 1000)} seconds`));
        sent.destroy();
      }, patience);
      const sent = request(
        address,
        { agent, timeout: longestSilence, headers: { "accept-encoding": "gzip, identity" } },
        (response) => {
          readBody(response).then(
            (body) => {
              if (response.statusCode === 200) resolve(body);
              else reject(unreachable(`answered ${String(response.statusCode)}`));
            },
            (cause: unknown) => {
              sent.destroy();
              reject(unreachable(cause instanceof Error ? cause.message : "cut short", cause));
            },
          );
        },
      );
      sent.on("timeout", () =>
        sent.destroy(new Error(`silent for ${String(longestSilence / 1000)} seconds`)),
      );
      sent.on("close", () => {
        clearTimeout(timer);
      });
      sent.on("error", (cause: NodeJS.ErrnoException) => {
        reject(unreachable(cause.code ?? cause.message, cause));
      });
      sent.end();
    });
  }

  return {
    get,
    close: () => {
      agent.destroy();
    },
  };
}

function parsePrefix(url: string): string {
  const parsed = URL.parse(url);
  const isWeb = parsed?.protocol === "https:" || parsed?.protocol === "http:";
  if (parsed === null || !isWeb || parsed.search !== "" || parsed.hash !== "")
    throw new SmkiError("LEDGER_SOURCE_UNREACHABLE", { url, reason: "not an address of http or https" });
  return parsed.href.replace(/\/+$/, "");
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let octets = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    octets += part.length;
    if (octets > largestAnswer) throw new Error(`longer than ${String(largestAnswer)} octets`);
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  if (response.headers["content-encoding"] !== "gzip") return body;
  return decompress(body, { maxOutputLength: largestAnswer });
}
