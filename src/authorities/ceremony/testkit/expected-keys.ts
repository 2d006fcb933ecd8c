import { expect } from "vitest";
import type { TestEstate } from "../estate.testkit.ts";

/** Every label in both key stores. */
export async function labelsOf({ ceremonySigner, operationalSigner }: TestEstate): Promise<string[]> {
  return [...(await ceremonySigner.listLabels()), ...(await operationalSigner.listLabels())].toSorted();
}

/** Every CA's key is the one in its certificate, and there is no key of no CA. */
export async function expectKeysOfAuthorities(estate: TestEstate): Promise<void> {
  const authorities = await estate.authorities();
  const keys = [...(await estate.ceremonySigner.listKeys()), ...(await estate.operationalSigner.listKeys())];
  for (const { keyLabel, certificate } of authorities) {
    const key = keys.find(({ label }) => label === keyLabel);
    expect(certificate.includes(key?.publicKey ?? keyLabel), keyLabel).toBe(true);
  }
  const others = ["contingency", "contingency-symmetric-key", "ledger"];
  expect(await labelsOf(estate)).toEqual(
    [...authorities.map(({ keyLabel }) => keyLabel), ...others].toSorted(),
  );
}
