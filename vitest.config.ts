import { defineConfig } from "vitest/config";

// One ladder, two rungs. `unit` is pure and fast. `system` starts PostgreSQL, a PKCS#11 token, servers
// and other programs, so that only two of its files run at a time and each step has longer to answer.
export default defineConfig({
  test: {
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          environment: "node",
          include: ["src/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts", "torture/**/*.test.ts"],
          exclude: ["**/*.system.test.ts"],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          environment: "node",
          include: [
            "src/**/*.system.test.ts",
            "scripts/**/*.system.test.ts",
            "bench/**/*.system.test.ts",
            "torture/**/*.system.test.ts",
          ],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
