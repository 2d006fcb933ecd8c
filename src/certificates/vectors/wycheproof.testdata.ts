import { isSmkiError } from "../../errors/smki-error.ts";
import { readVectors, type VectorCase } from "./vectors.testdata.ts";

/** What is used of every test of Wycheproof; the other fields are parameters or octets in hexadecimal. */
interface Test {
  readonly tcId: number;
  readonly comment: string;
  /** `acceptable`: either answer is right. */
  readonly result: "valid" | "invalid" | "acceptable";
}

interface WycheproofFile {
  readonly numberOfTests: number;
  readonly testGroups: readonly { readonly tests: readonly Test[] }[];
}

/** Asks our code about a test, whose octets it takes by the names of their fields. */
type Accepts = (octets: (field: string) => Buffer) => boolean;

/**
 * Reads a file of Wycheproof as cases of its family.
 *
 * @param accepts - a coded error is a refusal, any other goes on up
 */
export function wycheproofCases(file: string, accepts: Accepts): VectorCase[] {
  const { testGroups, numberOfTests } = readVectors(`wycheproof/${file}`) as WycheproofFile;
  const cases = testGroups.flatMap((group) =>
    group.tests.map((test) => {
      const facts = factsOf({ ...group, ...test });
      return {
        id: `${String(test.tcId)} ${test.comment}`,
        facts,
        passes: () => isExpected(test, isAccepted(accepts, facts)),
      };
    }),
  );
  if (cases.length !== numberOfTests) throw new Error(`${file}: not the number of tests that it says`);
  return cases;
}

const isExpected = ({ result }: Test, accepted: boolean): boolean =>
  result === "acceptable" || accepted === (result === "valid");

function isAccepted(accepts: Accepts, facts: VectorCase["facts"]): boolean {
  try {
    return accepts((field) => octetsOf(facts, field));
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

function octetsOf(facts: VectorCase["facts"], field: string): Buffer {
  const value = facts?.[field];
  if (typeof value !== "string") throw new Error(`the vector has no ${field}`);
  return Buffer.from(value, "hex");
}

/** A coded error of ours, or one of the cryptographic library about a key or nonce that it cannot take. */
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
