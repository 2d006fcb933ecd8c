import { type CopyToStreamQuery, to } from "pg-copy-streams";

/** What of the stream is private to its package, at the version that the lock file has. */
interface Internals {
  _buffer: unknown;
  _parse(octets: Buffer): boolean | undefined;
}

/**
 * A COPY to a stream. That of pg-copy-streams 7.0.0 may read its connection once more after the end of the copy, when the
 * server's next message is there already, and then ends the process: it has given the connection back by then. Those octets
 * went to the connection too, as everything that is read from a stream does, and here they are left to it.
 *
 * @param statement - `copy … to stdout`
 */
export function copyTo(statement: string): CopyToStreamQuery {
  const stream = to(statement);
  const internals = stream as unknown as Internals;
  const parse = internals._parse.bind(stream);
  internals._parse = (octets) => (internals._buffer === null ? false : parse(octets));
  return stream;
}
