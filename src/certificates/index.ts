/**
 * Certificates of the Smart Metering Key Infrastructure, without any I/O: strict DER, the profiles of SEC Appendices
 * A, B and Q as fields, and signatures.
 *
 * Two forms of one certificate: {@link Certificate} is what is written, deviations included ({@link parseCertificate});
 * {@link CertificateFields} is what it says, in its profile's words ({@link readFields}, {@link buildTbsCertificate}).
 *
 * @example
 * ```ts
 * const [certificate] = decodeCertificateFile(await readFile("device.pem"));
 * const fields = readFields(certificate);
 * if (fields.profile === "device") console.log(fields.deviceId, fields.keyUsage);
 * ```
 *
 * @packageDocumentation
 */
export * from "./bundle-file.ts";
export { certificateFileOctetLimit, decodeCertificateFile, encodePem } from "./certificate-file.ts";
export * from "./crl/index.ts";
export * from "./csr/index.ts";
export * from "./der/index.ts";
export * from "./extensions/index.ts";
export * from "./keys/index.ts";
export * from "./lint/index.ts";
export * from "./path/index.ts";
export * from "./printable.ts";
export * from "./profiles/index.ts";
export * from "./syntax/index.ts";
export * from "./verify-certificate.ts";
export * from "./vocabulary/index.ts";
