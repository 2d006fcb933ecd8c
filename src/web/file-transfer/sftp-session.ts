import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import ssh, { type Attributes, type FileEntry, type SFTPWrapper } from "ssh2";
import type { Database } from "../../database/connect.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import {
  openPublished,
  type PublishedExtract,
  publishedExtracts,
} from "../../repository/extract/published.ts";
import { canonicalPath, readVirtualPath } from "./virtual-path.ts";

const { STATUS_CODE, OPEN_MODE } = ssh.utils.sftp;

/** What a session may have at once. OpenSSH's client asks for 64 parts of a file ahead. */
const mostHandles = 16;
const mostWaiting = 512;
/** Octets of one answer; a client that asked for more asks again. */
const largestRead = 128 * 1024;
/** Octets of answers that wait for a slow client; after that its requests wait. */
const mostUnsent = 2 * 1024 * 1024;

/** What a session works with. */
export interface SftpContext {
  readonly database: Database;
  /** Where extracts lie. */
  readonly folder: string;
  /** Octets that the connection has not taken yet. */
  readonly unsent: () => number;
  readonly isOpen: () => boolean;
  /** Called on each request. */
  readonly onRequest: () => void;
  /** Called for each file that is opened. */
  readonly onDownload: (extract: string, file: string) => void;
  /** Ends the connection of a client that keeps no measure. */
  readonly endConnection: () => void;
  readonly onFailure: (error: unknown) => void;
}

type Handle =
  | {
      readonly kind: "file";
      readonly file: FileHandle;
      readonly octets: number;
      readonly attributes: Attributes;
    }
  | { readonly kind: "folder"; entries: FileEntry[] };

/** Answers the requests of one SFTP session (version 3), in order: the published files to be read, and nothing else. */
export class SftpSession {
  readonly #sftp: SFTPWrapper;
  readonly #context: SftpContext;
  readonly #handles = new Map<number, Handle>();
  #nextHandle = 0;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(sftp: SFTPWrapper, context: SftpContext) {
    this.#sftp = sftp;
    this.#context = context;
    sftp.on("REALPATH", (id, path) => {
      this.#inTurn(id, () => this.#name(id, [entryOf(canonicalPath(path), folderAttributes)]));
    });
    sftp.on("STAT", (id, path) => {
      this.#inTurn(id, () => this.#stat(id, path));
    });
    sftp.on("LSTAT", (id, path) => {
      this.#inTurn(id, () => this.#stat(id, path));
    });
    sftp.on("FSTAT", (id, handle) => {
      this.#inTurn(id, () => {
        const held = this.#held(handle);
        if (held === undefined) this.#status(id, STATUS_CODE.FAILURE);
        else sftp.attrs(id, held.kind === "file" ? held.attributes : folderAttributes);
      });
    });
    sftp.on("OPENDIR", (id, path) => {
      this.#inTurn(id, () => this.#openFolder(id, path));
    });
    sftp.on("READDIR", (id, handle) => {
      this.#inTurn(id, () => {
        this.#readFolder(id, handle);
      });
    });
    sftp.on("OPEN", (id, path, flags) => {
      this.#inTurn(id, () => this.#openFile(id, path, flags));
    });
    sftp.on("READ", (id, handle, offset, length) => {
      this.#inTurn(id, () => this.#read(id, handle, offset, length));
    });
    sftp.on("CLOSE", (id, handle) => {
      this.#inTurn(id, () => this.#close(id, handle));
    });
    const refuse = (id: number) => {
      this.#inTurn(id, () => {
        this.#status(id, STATUS_CODE.PERMISSION_DENIED);
      });
    };
    for (const change of ["WRITE", "SETSTAT", "FSETSTAT", "REMOVE", "MKDIR", "RMDIR", "RENAME", "SYMLINK"])
      sftp.on(change, refuse);
    sftp.on("error", () => {
      context.endConnection();
    });
  }

  /** Gives back what is open, after the request that is under way. */
  async end(): Promise<void> {
    await this.#turn;
    for (const handle of this.#handles.values()) if (handle.kind === "file") await handle.file.close();
    this.#handles.clear();
  }

  #inTurn(id: number, answer: () => void | Promise<void>): void {
    const { onRequest, endConnection, isOpen, onFailure } = this.#context;
    onRequest();
    this.#waiting += 1;
    if (this.#waiting > mostWaiting) {
      endConnection();
      return;
    }
    const answered = this.#turn.then(async () => {
      try {
        await this.#untilTaken();
        if (isOpen()) await answer();
      } catch (error) {
        if (!isSmkiError(error, "EXTRACT_NOT_FOUND")) onFailure(error);
        if (isOpen())
          this.#status(
            id,
            isSmkiError(error, "EXTRACT_NOT_FOUND") ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE,
          );
      } finally {
        this.#waiting -= 1;
      }
    });
    // A refusal that cannot be sent either: the next request has its turn all the same, and the process goes on.
    this.#turn = answered.catch(onFailure);
  }

  /** Answers that nobody takes would fill the memory: ssh2 keeps those for which the channel has no window. */
  async #untilTaken(): Promise<void> {
    const { unsent, isOpen } = this.#context;
    const kept = this.#sftp as unknown as { readonly _buffer?: readonly unknown[] };
    while (isOpen() && (unsent() > mostUnsent || (kept._buffer?.length ?? 0) > 0)) await sleep(5);
  }

  #status(id: number, code: number): void {
    this.#sftp.status(id, code);
  }

  #name(id: number, entries: FileEntry[]): void {
    this.#sftp.name(id, entries);
  }

  #held(handle: Buffer): Handle | undefined {
    return handle.length === 4 ? this.#handles.get(handle.readUInt32BE()) : undefined;
  }

  #hold(id: number, handle: Handle): void {
    const number = this.#nextHandle;
    this.#nextHandle = (number + 1) >>> 0;
    this.#handles.set(number, handle);
    const name = Buffer.alloc(4);
    name.writeUInt32BE(number);
    this.#sftp.handle(id, name);
  }

  async #published(extract: string): Promise<PublishedExtract | undefined> {
    const { database, folder } = this.#context;
    return (await publishedExtracts(database, folder)).find(({ name }) => name === extract);
  }

  async #stat(id: number, path: string): Promise<void> {
    const attributes = await this.#attributesOf(path);
    if (attributes === undefined) this.#status(id, STATUS_CODE.NO_SUCH_FILE);
    else this.#sftp.attrs(id, attributes);
  }

  async #attributesOf(path: string): Promise<Attributes | undefined> {
    const named = readVirtualPath(path);
    if (named === undefined || named.kind === "root") return named && folderAttributes;
    const extract = await this.#published(named.extract);
    if (extract === undefined || named.kind === "extract") return extract && folderOf(extract);
    const file = extract.files.find(({ name }) => name === named.file);
    return file && fileAttributes(file.octets, extract.madeAt);
  }

  async #openFolder(id: number, path: string): Promise<void> {
    const named = readVirtualPath(path);
    const entries = named === undefined || named.kind === "file" ? undefined : await this.#entriesOf(named);
    if (entries === undefined) this.#status(id, STATUS_CODE.NO_SUCH_FILE);
    else if (this.#handles.size >= mostHandles) this.#status(id, STATUS_CODE.FAILURE);
    else this.#hold(id, { kind: "folder", entries });
  }

  async #entriesOf(
    named: { readonly kind: "root" } | { readonly kind: "extract"; readonly extract: string },
  ): Promise<FileEntry[] | undefined> {
    const { database, folder } = this.#context;
    if (named.kind === "root")
      return (await publishedExtracts(database, folder)).map((one) => entryOf(one.name, folderOf(one)));
    const extract = await this.#published(named.extract);
    return extract?.files.map(({ name, octets }) => entryOf(name, fileAttributes(octets, extract.madeAt)));
  }

  #readFolder(id: number, handle: Buffer): void {
    const held = this.#held(handle);
    if (held?.kind !== "folder") this.#status(id, STATUS_CODE.FAILURE);
    else if (held.entries.length === 0) this.#status(id, STATUS_CODE.EOF);
    else {
      const part = held.entries.slice(0, 100);
      held.entries = held.entries.slice(100);
      this.#name(id, part);
    }
  }

  async #openFile(id: number, path: string, flags: number): Promise<void> {
    const named = readVirtualPath(path);
    const onlyReads: number = OPEN_MODE.READ;
    if (flags !== onlyReads) this.#status(id, STATUS_CODE.PERMISSION_DENIED);
    else if (named?.kind !== "file") this.#status(id, STATUS_CODE.NO_SUCH_FILE);
    else if (this.#handles.size >= mostHandles) this.#status(id, STATUS_CODE.FAILURE);
    else {
      const { database, folder, onDownload } = this.#context;
      const { handle: file, octets } = await openPublished(database, folder, named.extract, named.file);
      const attributes = fileAttributes(octets, (await file.stat()).mtime);
      onDownload(named.extract, named.file);
      this.#hold(id, { kind: "file", file, octets, attributes });
    }
  }

  async #read(id: number, handle: Buffer, offset: number, length: number): Promise<void> {
    const held = this.#held(handle);
    if (held?.kind !== "file" || !Number.isSafeInteger(offset)) {
      this.#status(id, STATUS_CODE.FAILURE);
      return;
    }
    const wanted = Math.min(length, largestRead, held.octets - offset);
    if (wanted <= 0) {
      this.#status(id, STATUS_CODE.EOF);
      return;
    }
    const { bytesRead, buffer } = await held.file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
    if (bytesRead === 0) this.#status(id, STATUS_CODE.EOF);
    else this.#sftp.data(id, buffer.subarray(0, bytesRead));
  }

  async #close(id: number, handle: Buffer): Promise<void> {
    const held = this.#held(handle);
    if (held === undefined) {
      this.#status(id, STATUS_CODE.FAILURE);
      return;
    }
    this.#handles.delete(handle.readUInt32BE());
    if (held.kind === "file") await held.file.close();
    this.#status(id, STATUS_CODE.OK);
  }
}

const attributes = (mode: number, size: number, at: Date): Attributes => {
  const seconds = Math.floor(at.getTime() / 1000);
  return { mode, uid: 0, gid: 0, size, atime: seconds, mtime: seconds };
};

const folderAttributes = attributes(0o040555, 0, new Date(0));
const folderOf = ({ madeAt }: PublishedExtract): Attributes => attributes(0o040555, 0, madeAt);
const fileAttributes = (octets: number, at: Date): Attributes => attributes(0o100444, octets, at);

/** As `ls -l` shows it; clients print the long name as it comes. */
function entryOf(filename: string, attrs: Attributes): FileEntry {
  const isFolder = (attrs.mode & 0o040000) !== 0;
  const day = new Date(attrs.mtime * 1000).toISOString().slice(0, 10);
  const longname = `${isFolder ? "dr-xr-xr-x" : "-r--r--r--"}   1 smki smki ${String(attrs.size).padStart(12)} ${day} ${filename}`;
  return { filename, longname, attrs };
}
