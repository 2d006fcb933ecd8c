import type { Certificate, Extension, ToBeSigned } from "../syntax/index.ts";
import { type ExtensionName, extensionRules } from "./profile-rules.ts";

/** Which part of a certificate is not as its profile encodes it, and how. */
export interface Difference {
  readonly part: string;
  readonly how: string;
}

/** Names the first part in which a certificate differs from what its fields encode to. */
export function describeDifference(actual: Certificate, expected: ToBeSigned): Difference {
  const parts: [string, Buffer, Buffer][] = [
    ["serialNumber", actual.serialNumber, expected.serialNumber],
    ["signature", actual.tbsSignatureAlgorithm.der, expected.tbsSignatureAlgorithm.der],
    ["issuer", actual.issuer.der, expected.issuer.der],
    ["subject", actual.subject.der, expected.subject.der],
    ["subjectPublicKeyInfo", actual.subjectPublicKeyInfo.der, expected.subjectPublicKeyInfo.der],
  ];
  for (const [part, found, demanded] of parts) {
    if (!found.equals(demanded)) return encoded(part, found, demanded);
  }
  for (const part of ["notBefore", "notAfter"] as const) {
    const found = actual.validity[part];
    const demanded = expected.validity[part];
    if (found.type !== demanded.type)
      return { part: `validity.${part}`, how: `${found.type}, not ${demanded.type}` };
  }
  return (
    describeExtensions(actual.extensions, expected.extensions) ?? {
      part: "tbsCertificate",
      how: "version or unique identifiers",
    }
  );
}

function describeExtensions(
  actual: readonly Extension[],
  expected: readonly Extension[],
): Difference | undefined {
  for (const { id } of expected) {
    if (!actual.some((extension) => extension.id === id)) return { part: nameOf(id), how: "absent" };
  }
  for (const { id } of actual) {
    if (!expected.some((extension) => extension.id === id))
      return { part: nameOf(id), how: "not in the profile" };
  }
  for (const demanded of expected) {
    const found = actual.find((extension) => extension.id === demanded.id);
    if (found === undefined) continue;
    if (found.critical !== demanded.critical) {
      return { part: nameOf(found.id), how: found.critical ? "critical" : "not critical" };
    }
    if (!found.value.equals(demanded.value)) return encoded(nameOf(found.id), found.value, demanded.value);
  }
  const inOrder = actual.every((extension, index) => extension.id === expected[index]?.id);
  if (inOrder) return undefined;
  return { part: "extensions", how: `order ${actual.map(({ id }) => nameOf(id)).join(" ")}` };
}

function encoded(part: string, found: Buffer, demanded: Buffer): Difference {
  return { part, how: `${found.toString("hex", 0, 80)}, not ${demanded.toString("hex", 0, 80)}` };
}

function nameOf(id: string): string {
  const names = Object.keys(extensionRules) as ExtensionName[];
  return names.find((name) => extensionRules[name].id === id) ?? id;
}
