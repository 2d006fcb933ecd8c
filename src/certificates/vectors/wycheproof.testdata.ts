import { isSmkiError } from "../../errors/smki-error.ts";
import { readVectors, type VectorCase } from "./vectors.testdata.ts";

interface Group<Test> {
  readonly tests: readonly Test[];
}

/** What every test of Wycheproof has. `acceptable`: either answer is right. */
export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly result: "valid" | "invalid" | "acceptable";
}

/**
 * Reads a file of Wycheproof as cases of its family.
 *
 * @param accepts - asks our code; a coded error is a refusal, any other goes on up
 */
export function wycheproofCases<InGroup extends object, Test extends WycheproofTest>(
  file: string,
  accepts: (test: Test & InGroup) => boolean,
): VectorCase[] {
  const { testGroups, numberOfTests } = readVectors<{
    numberOfTests: number;
    testGroups: readonly (Group<Test> & InGroup)[];
  }>(`wycheproof/${file}`);
  const cases = testGroups.flatMap((group) =>
    group.tests.map((test) => {
      const both = { ...group, ...test };
      return {
        id: `${String(test.tcId)} ${test.comment}`,
        facts: factsOf(both),
        passes: () => isExpected(test, isAccepted(accepts, both)),
      };
    }),
  );
  if (cases.length !== numberOfTests) throw new Error(`${file}: not the number of tests that it says`);
  return cases;
}

/** The octets of a hexadecimal field. */
export const octets = (hexadecimal: string): Buffer => Buffer.from(hexadecimal, "hex");

const isExpected = ({ result }: WycheproofTest, accepted: boolean): boolean =>
  result === "acceptable" || accepted === (result === "valid");

function isAccepted<Test>(accepts: (test: Test) => boolean, test: Test): boolean {
  try {
    return accepts(test);
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** A coded error of ours, or one of the cryptographic library on a key or nonce that it cannot take. */
const isRefusal = (error: unknown): boolean =>
  isSmkiError(error) ||
  (error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("ERR_"));

function factsOf(test: object): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(test).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === "number" || typeof entry[1] === "string",
    ),
  );
}
