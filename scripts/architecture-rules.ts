import type { IForbiddenRuleType } from "dependency-cruiser";

/** The folders of `src` in order: each imports only from itself and those before it. */
export const folders = [
  "errors",
  "time",
  "certificates",
  "messages",
  "rulebook",
  "settings",
  "database",
  "keys",
  "ledger",
  "registration",
  "devices",
  "authorities",
  "issuance",
  "repository",
  "backup",
  "notices",
  "governance",
  "assurance",
  "incidents",
  "service-levels",
  "web",
  "cli",
  "app",
] as const;

/** Folders of pure rules: no files, no network, no processes, no packages. */
const pure = ["errors", "time", "certificates", "messages", "rulebook"];

/** What a pure folder may use of Node: computation, no input or output. */
const pureModules = "^(node:)?(crypto|buffer|util)$";

/** Tests, and the kits that tests share, may use more than the code beside them. */
const tests = "(\\.(test|testdata|testkit)\\.ts$|/testkit[^/]*(\\.ts$|/))";

/** What the architecture check forbids. The names are what a violation is reported under. */
export function architectureRules(): IForbiddenRuleType[] {
  return [
    ...folders.map((folder, index) => order(folder, folders.slice(0, index + 1))),
    {
      name: "pure-folders-do-no-io",
      severity: "error",
      comment: `${pure.join(", ")} hold pure rules: of Node's modules they use only those without input or output.`,
      from: { path: `^src/(${pure.join("|")})/`, pathNot: tests },
      to: { dependencyTypes: ["core"], pathNot: pureModules },
    },
    {
      name: "pure-folders-use-no-packages",
      severity: "error",
      from: { path: `^src/(${pure.join("|")})/`, pathNot: tests },
      to: { path: "node_modules/" },
    },
    {
      name: "a-store-is-its-own-folders",
      severity: "error",
      comment: "No duty reaches into another's tables: it calls that duty's service.",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^/]+/.*-store\\.ts$", pathNot: "^src/$1/|/testkit/" },
    },
    {
      name: "no-cycle",
      severity: "error",
      comment: "A cycle of types alone is none: nothing of it is left at run time.",
      from: { path: "^src/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "code-uses-no-development-package",
      severity: "error",
      from: { path: "^src/", pathNot: tests },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm", "npm-optional"],
      },
    },
    {
      name: "code-imports-no-test",
      severity: "error",
      from: { path: "^src/", pathNot: tests },
      to: { path: `^src/.*${tests}` },
    },
    {
      name: "every-import-is-found",
      severity: "error",
      from: { path: "^src/" },
      // pkcs11js is optional: where it does not compile it is not there.
      to: { couldNotResolve: true, pathNot: "^pkcs11js$" },
    },
  ];
}

function order(folder: string, allowed: readonly string[]): IForbiddenRuleType {
  return {
    name: `order-of-${folder}`,
    severity: "error",
    comment: `${folder} imports only from folders before it.`,
    from: { path: `^src/${folder}/` },
    to: { path: "^src/", pathNot: `^src/(${allowed.join("|")})/` },
  };
}
