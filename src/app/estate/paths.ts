import { join } from "node:path";
import { type EstateFiles, estateFiles } from "../../backup/estate-files.ts";

/** Where everything of an estate lies under its data folder. */
export interface EstatePaths extends EstateFiles {
  readonly keys: string;
  readonly tls: string;
  readonly demo: string;
  readonly log: string;
}

export function estatePaths(data: string): EstatePaths {
  return {
    ...estateFiles(data),
    keys: join(data, "keys"),
    tls: join(data, "tls"),
    demo: join(data, "demo"),
    log: join(data, "log"),
  };
}
