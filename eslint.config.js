import { defineConfig } from "eslint/config";
import { configs } from "typescript-eslint";

// Tests, and the kits and data that tests share.
const tests = ["**/*.test.ts", "**/*.testdata.ts", "**/*.testkit.ts", "**/testkit*.ts", "**/testkit/**"];

const wallClock = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: "Time is given: take a Date or a Clock (src/time/clock.ts).",
  },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "Time is given: take a Date or a Clock (src/time/clock.ts).",
  },
];

export default defineConfig(
  { ignores: ["dist/", "coverage/", ".cache/", "docs/api/"] },
  {
    files: ["**/*.ts"],
    extends: [configs.strictTypeChecked, configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-syntax": ["error", ...wallClock],
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Names and codes of the field are ASCII; to take them apart by code point is right.
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
      // Both forms say what they mean; neither is wrong.
      "@typescript-eslint/consistent-indexed-object-style": "off",
      // The tables of a store are a `type`: Kysely wants them assignable to an index signature, and an interface is not.
      "@typescript-eslint/consistent-type-definitions": "off",
      // It asks for the `!` that no-non-null-assertion forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // A transaction with no tables of its own is the point of `Tx` (src/database/transaction.ts).
      "@typescript-eslint/no-generated-empty-object-type": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A promise that tells only that something happened is `Promise<void>`, also as a type argument.
      "@typescript-eslint/no-invalid-void-type": [
        "error",
        { allowInGenericTypeArguments: true, allowAsThisParameter: true },
      ],
      // `return void write(text)` says that nothing is returned on purpose.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // An interface's async method may have an implementation that has nothing to wait for.
      "@typescript-eslint/require-await": "off",
      // `while (true)` with a `return` inside is the clearest form of some loops.
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      // tsc's noPropertyAccessFromIndexSignature asks for `env["NAME"]`.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
    },
  },
  {
    // The edges, where the present moment comes from.
    files: ["src/time/**", "src/app/**", "bench/**", "torture/**", "scripts/**", ...tests],
    rules: { "no-restricted-syntax": "off" },
  },
  { files: ["bench/**", "scripts/**"], rules: { "no-console": "off" } },
  {
    files: tests,
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off", // expect.any() and its like
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
