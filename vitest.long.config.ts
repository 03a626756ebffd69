import { defineConfig } from "vitest/config";
import { CountReporter } from "./station-app/test/support/count-reporter.ts";

export default defineConfig({
  test: {
    pool: "forks",
    // One at a time: these measure and cut power, a neighbour would disturb them.
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    include: ["**/*.long.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.data/**"],
    reporters: ["default", new CountReporter()],
    globalSetup: "./station-app/test/support/build-screens-first.ts",
  },
});
