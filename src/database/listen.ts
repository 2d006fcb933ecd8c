import { setTimeout as sleep } from "node:timers/promises";
import { type Client, escapeIdentifier } from "pg";
import { type ConnectionConfig, dedicatedClient } from "./connection.ts";

/** Takes a payload; undefined means that the connection was made anew, and that some may have been missed. */
export type Handler = (payload: string | undefined) => void;

/** Ends a subscription. */
export interface Subscription {
  stop(): Promise<void>;
}

const longestPause = 5_000;

/** One connection for all the channels that a process listens to; it is made at the first of them. */
export class Listener {
  readonly #config: ConnectionConfig;
  readonly #applicationName: string;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #confirmations = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();
  #lastStatement: Promise<void> = Promise.resolve();
  #client: Promise<Client> | undefined;

  constructor(config: ConnectionConfig, applicationName: string) {
    this.#config = config;
    this.#applicationName = applicationName;
  }

  /**
   * Resolves when the server has confirmed: whatever is committed from then on is heard. A channel is listened to
   * from its first handler to the end of the process: a request that waits on it costs no statement.
   */
  async subscribe(channel: string, handler: Handler): Promise<Subscription> {
    const handlers = this.#handlers.get(channel) ?? new Set();
    this.#handlers.set(channel, handlers);
    handlers.add(handler);
    try {
      await this.#confirmed(channel);
    } catch (error) {
      handlers.delete(handler);
      throw error;
    }
    return {
      stop: () => {
        handlers.delete(handler);
        return Promise.resolve();
      },
    };
  }

  /** Listens to a channel once, whoever asks; statements follow each other, since the connection takes one at a time. */
  #confirmed(channel: string): Promise<void> {
    const known = this.#confirmations.get(channel);
    if (known !== undefined) return known;
    const before = this.#lastStatement;
    const confirmation = (async () => {
      await before;
      const client = await this.#connected();
      await client.query(`listen ${escapeIdentifier(channel)}`);
    })();
    this.#confirmations.set(channel, confirmation);
    this.#lastStatement = confirmation.catch(() => {
      // The next subscription tries again.
      this.#confirmations.delete(channel);
    });
    return confirmation;
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#open().catch((error: unknown) => {
      // The next subscription tries again.
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #open(): Promise<Client> {
    let isOver = false;
    const client = await dedicatedClient(this.#config, this.#applicationName, () => {
      if (isOver) return;
      isOver = true;
      void this.#reopen();
    });
    client.on("notification", ({ channel, payload }) => {
      for (const handler of this.#handlers.get(channel) ?? []) handler(payload ?? "");
    });
    return client;
  }

  /** Tries until it succeeds or the listener is closed, then tells every handler to look for itself. */
  async #reopen(): Promise<void> {
    for (let pause = 100; ; pause = Math.min(pause * 2, longestPause)) {
      await sleep(pause, undefined, { ref: false });
      if (this.#closed.signal.aborted) return;
      let client: Client;
      try {
        client = await this.#open();
      } catch {
        continue;
      }
      this.#client = Promise.resolve(client);
      try {
        for (const channel of this.#handlers.keys())
          await client.query(`listen ${escapeIdentifier(channel)}`);
      } catch {
        // Lost again: that loss has begun a round of its own. Any other failure must not leave us deaf.
        await client.end().catch(() => undefined);
        return;
      }
      for (const handlers of this.#handlers.values()) for (const handler of handlers) handler(undefined);
      return;
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#handlers.clear();
    await this.#client?.then((client) => client.end()).catch(() => undefined);
  }
}
