export {
  assembleCsr,
  buildDeviceCsrInfo,
  buildIkiCsrInfo,
  buildOrganisationCsrInfo,
  encodeCsrText,
} from "./build.ts";
export type { CertificationRequest } from "./certification-request.ts";
export { csrOctetLimit, decodeCsrText, decodeWebServiceCsr } from "./decode-text.ts";
export { parseCsr } from "./parse.ts";
export {
  type DeviceRequest,
  type IkiRequest,
  type OrganisationRequest,
  readDeviceCsr,
  readIkiCsr,
  readOrganisationCsr,
} from "./read-request.ts";
export { verifyCsrSignature } from "./verify.ts";
