import { defineConfig } from "vitest/config";

/** For what hangs: a machine with much to do is no failure. */
const patience = (testTimeout: number) => ({
  testTimeout,
  hookTimeout: testTimeout,
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/{e2e,image}/**"],
          ...patience(30_000),
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          ...patience(120_000),
          // They wait for servers more than they work.
          maxWorkers: 3,
        },
      },
      {
        // Run by scripts/image test.
        test: {
          name: "image",
          include: ["test/image/**/*.test.ts"],
          ...patience(240_000),
          maxWorkers: 2,
        },
      },
    ],
  },
});
