import type { Oid } from "../../der/index.ts";
import type { Judgement, PathCheckName } from "../path-check.ts";
import type { PathOptions } from "../path-options.ts";
import type { RevocationLists } from "../revocation/revocation-lists.ts";
import type { Signatures } from "../signatures.ts";
import type { Place } from "../ways-to-root.ts";

/** What a check may look at besides the certificate in its place. */
export interface PathRules {
  /** Milliseconds since 1970-01-01T00:00:00Z, whole seconds. */
  readonly at: number;
  readonly shape: NonNullable<PathOptions["shape"]>;
  readonly policies: readonly Oid[] | undefined;
  readonly revocation: NonNullable<PathOptions["revocation"]>;
  readonly lists: RevocationLists;
  readonly signatures: Signatures;
}

/** One check: a pure judgement of one certificate in its place, in a file of its own name. */
export interface CertificateCheck {
  readonly name: PathCheckName;
  readonly source: string;
  /** @returns undefined when there is nothing to check in this place */
  readonly judge: (place: Place, rules: PathRules) => Judgement | undefined;
}

/** True where the certificate issues another of the path, or is a root: it must be an authority. */
export const isAuthorityPlace = (place: Place): boolean => !place.isTarget || place.isRoot;
