import { join } from "node:path";

/** The schema of each web service, by the name of its file; the version of the interface is in it. */
export const schemaFiles = {
  adHoc: "ad-hoc-device-csr-1.0.xsd",
  batched: "batched-device-csr-1.0.xsd",
} as const;

/** Where a schema lies. */
export const schemaPath = (service: keyof typeof schemaFiles): string =>
  join(import.meta.dirname, schemaFiles[service]);
