import { join } from "node:path";
import { type EstateFiles, estateFiles } from "../../backup/estate-files.ts";

/** Where everything of an estate lies under its data folder. */
export interface EstatePaths extends EstateFiles {
  readonly keys: string;
  readonly tls: string;
  readonly demo: string;
  readonly log: string;
  /** The bulk files of the repository, unless a setting names another place. Made again at any time. */
  readonly extracts: string;
  /** The private key by which the file transfer shows that it is itself. */
  readonly sftpHostKey: string;
}

export function estatePaths(data: string): EstatePaths {
  return {
    ...estateFiles(data),
    keys: join(data, "keys"),
    tls: join(data, "tls"),
    demo: join(data, "demo"),
    log: join(data, "log"),
    extracts: join(data, "extracts"),
    sftpHostKey: join(data, "keys", "sftp-host-key"),
  };
}
