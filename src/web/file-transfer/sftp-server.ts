import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import ssh, { type AuthContext, type Connection } from "ssh2";
import type { Database } from "../../database/connect.ts";
import { authenticateSshKey, type Door, sshKeyStanding } from "../../repository/access/authenticate.ts";
import type { RepositoryUser } from "../../repository/access/repository-user.ts";
import type { UsageCounter } from "../../repository/access/usage.ts";
import type { HostKey } from "./host-key.ts";
import { SftpSession } from "./sftp-session.ts";

/** Credentials offered on one connection, as OpenSSH's MaxAuthTries. */
const mostAttempts = 6;
const longestLogin = 30_000;
const askAgainEvery = 30_000;
/** Sessions at once, and channels that a connection ever opens: ssh2 keeps some of each of them. */
const mostSessions = 4;
const mostChannels = 100;

/** Without SHA-1, and without compression, which the files have behind them. */
const algorithms: NonNullable<ssh.ServerConfig["algorithms"]> = {
  serverHostKey: ["ssh-ed25519"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};

/** What the file transfer works with. */
export interface FileTransferOptions extends Door {
  readonly database: Database;
  /** Where extracts lie. */
  readonly folder: string;
  readonly hostKey: HostKey;
  readonly usage: Pick<UsageCounter, "count">;
  /** Connections at once; any more are closed as they come. */
  readonly connections: number;
  /** Of one user. */
  readonly connectionsOfUser?: number;
  /** Milliseconds without a request after which a connection is ended. */
  readonly longestSilence: number;
  /** Milliseconds after which an open connection's key is asked about again. */
  readonly askAgainEvery?: number;
  readonly on: {
    readonly login: (user: RepositoryUser, address: string) => void;
    readonly refusal: (name: string, address: string, reason: string) => void;
    readonly download: (user: RepositoryUser, extract: string, file: string) => void;
    readonly failure: (error: unknown) => void;
  };
}

/** The running file transfer. */
export interface FileTransfer {
  readonly server: NetServer;
  listen(port: number, host: string): Promise<number>;
  /** Takes no new connections, and ends those that are open. */
  close(): Promise<void>;
}

/**
 * The file transfer of the SMKI Repository: SFTP with public keys only, to read the published extracts and nothing else.
 * A user's name is its number.
 */
export function createFileTransfer(options: FileTransferOptions): FileTransfer {
  const open = new Set<TransferConnection>();
  // ssh2 tells of a connection once the client has named its version, and not on which socket.
  const sockets = new Map<string, Socket>();
  const protocol = new ssh.Server(
    {
      hostKeys: [options.hostKey.privateKey],
      ident: "smki",
      algorithms,
    },
    (client, { ip, port }) => {
      const socket = sockets.get(placeOf(ip, port));
      if (socket === undefined) {
        client.end();
        return;
      }
      const connection = new TransferConnection(client, socket, options, open);
      open.add(connection);
      socket.on("close", () => {
        open.delete(connection);
        void connection.closed();
      });
    },
  );
  const server = createServer({ noDelay: true }, (socket) => {
    // Told by what it is used for.
    socket.on("error", () => undefined);
    const place = placeOf(socket.remoteAddress, socket.remotePort);
    const isLoggedIn = (one: Socket) => [...open].some((each) => each.isOn(one) && each.user !== undefined);
    // A stranger who only connects keeps users out from its own address, and no others.
    const { remoteAddress } = socket;
    const strangers = [...sockets.values()].filter(
      (one) => one.remoteAddress === remoteAddress && !isLoggedIn(one),
    ).length;
    if (sockets.size >= options.connections || strangers >= mostStrangers(options.connections)) {
      socket.destroy();
      return;
    }
    sockets.set(place, socket);
    const login = setTimeout(() => {
      if (!isLoggedIn(socket)) socket.destroy();
    }, longestLogin).unref();
    socket.on("close", () => {
      clearTimeout(login);
      sockets.delete(place);
    });
    protocol.injectSocket(socket);
  });
  return {
    server,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          server.on("error", options.on.failure);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of open) connection.end();
      for (const socket of sockets.values()) socket.destroy();
      await closed;
    },
  };
}

/** Connections of one address that nobody has logged in on yet. */
const mostStrangers = (connections: number): number => Math.max(2, Math.floor(connections / 4));

const placeOf = (address: string | undefined, port: number | undefined): string =>
  `${String(address)} ${String(port)}`;

/** One connection, from when the client has named its version to its end. */
class TransferConnection {
  readonly #client: Connection;
  readonly #socket: Socket;
  readonly #options: FileTransferOptions;
  readonly #open: ReadonlySet<TransferConnection>;
  readonly #sessions = new Set<SftpSession>();
  #silence: NodeJS.Timeout | undefined;
  #askAgain: NodeJS.Timeout | undefined;
  #attempts = 0;
  #channels = 0;
  /** A key that was offered and is not the user's. */
  #wrong: { readonly userId: number; readonly blob: Buffer } | undefined;
  user: RepositoryUser | undefined;

  constructor(
    client: Connection,
    socket: Socket,
    options: FileTransferOptions,
    open: ReadonlySet<TransferConnection>,
  ) {
    this.#client = client;
    this.#socket = socket;
    this.#options = options;
    this.#open = open;
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      this.#authenticate(context).catch((error: unknown) => {
        options.on.failure(error);
        context.reject(["publickey"]);
      });
    });
    client.on("session", (accept, reject) => {
      this.#channels += 1;
      if (this.#channels > mostChannels) {
        reject();
        return;
      }
      accept().on("sftp", (acceptSftp, rejectSftp) => {
        if (this.#sessions.size >= mostSessions) rejectSftp();
        else this.#begin(acceptSftp());
      });
    });
  }

  isOn(socket: Socket): boolean {
    return socket === this.#socket;
  }

  end(): void {
    this.#client.end();
    this.#socket.destroy();
  }

  /** What is left to do once the connection is gone. */
  async closed(): Promise<void> {
    clearTimeout(this.#silence);
    clearInterval(this.#askAgain);
    for (const session of this.#sessions) await session.end().catch(this.#options.on.failure);
    // Counted once for a connection: a client with many keys offers each of them and means no harm.
    if (this.user !== undefined || this.#wrong === undefined) return;
    const { userId, blob } = this.#wrong;
    await authenticateSshKey(this.#options, userId, blob).catch((error: unknown) => {
      this.#options.on.refusal(String(userId), this.#address(), (error as Error).message);
    });
  }

  #address(): string {
    return this.#socket.remoteAddress ?? "";
  }

  async #authenticate(context: AuthContext): Promise<void> {
    const refuse = () => {
      context.reject(["publickey"]);
    };
    // A client asks first which ways there are.
    if (context.method === "none") {
      refuse();
      return;
    }
    this.#attempts += 1;
    if (this.#attempts > 2 * mostAttempts) {
      this.end();
      return;
    }
    const userId = /^[1-9]\d{0,14}$/.test(context.username) ? Number(context.username) : undefined;
    if (context.method !== "publickey" || userId === undefined) {
      refuse();
      return;
    }
    const { key, signature, blob, hashAlgo } = context;
    const standing = await sshKeyStanding(this.#options, userId, key.data);
    if (standing?.holds !== true || standing.lockedUntil !== undefined) {
      if (standing?.lockedUntil === undefined) this.#wrong = { userId, blob: key.data };
      else this.#options.on.refusal(context.username, this.#address(), "locked out");
      refuse();
      return;
    }
    // SHA-1 is not taken in a signature (RFC 8332).
    if (key.algo === "ssh-rsa" && hashAlgo !== "sha256" && hashAlgo !== "sha512") {
      refuse();
      return;
    }
    // Whether it would do. The signature comes next.
    if (signature === undefined || blob === undefined) {
      context.accept();
      return;
    }
    const parsed = ssh.utils.parseKey(`${key.algo} ${key.data.toString("base64")}`);
    const [publicKey] = parsed instanceof Error ? [] : [parsed].flat();
    const others = [...this.#open].filter((one) => one !== this && one.user?.id === userId).length;
    if (publicKey?.verify(blob, signature, hashAlgo) !== true) refuse();
    else if (others >= (this.#options.connectionsOfUser ?? 4)) {
      this.#options.on.refusal(context.username, this.#address(), "too many connections");
      refuse();
    } else {
      this.#admit(standing.user, key.data);
      context.accept();
    }
  }

  #admit(user: RepositoryUser, blob: Buffer): void {
    this.user = user;
    this.#heard();
    this.#options.on.login(user, this.#address());
    // A connection outlives the end of a key, and of a user.
    this.#askAgain = setInterval(() => {
      sshKeyStanding(this.#options, user.id, blob).then((standing) => {
        if (standing?.holds !== true) this.end();
      }, this.#options.on.failure);
    }, this.#options.askAgainEvery ?? askAgainEvery).unref();
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.end();
    }, this.#options.longestSilence).unref();
  }

  #begin(sftp: ConstructorParameters<typeof SftpSession>[0]): void {
    const { database, folder, usage, on } = this.#options;
    const session = new SftpSession(sftp, {
      database,
      folder,
      unsent: () => this.#socket.writableLength,
      isOpen: () => !this.#socket.destroyed,
      onRequest: () => {
        this.#heard();
      },
      onDownload: (extract, file) => {
        if (this.user === undefined) return;
        usage.count(this.user, "file-transfer");
        on.download(this.user, extract, file);
      },
      endConnection: () => {
        this.end();
      },
      onFailure: on.failure,
    });
    this.#sessions.add(session);
    // Who has said all waits for the same of us.
    sftp.on("end", () => {
      sftp.end();
    });
    sftp.on("close", () => {
      this.#sessions.delete(session);
      session.end().catch(on.failure);
    });
  }
}
