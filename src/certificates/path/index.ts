export { buildPath } from "./build-path.ts";
export { describeCertificate } from "./describe-certificate.ts";
export type { ListReason, PathCheck, PathCheckName, PathReason } from "./path-check.ts";
export type { BuildOptions, PathOptions } from "./path-options.ts";
export { createPathValidator, type PathResult, validatePath } from "./validate-path.ts";
