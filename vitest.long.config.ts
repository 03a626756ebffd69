import { defineConfig } from "vitest/config";
import { CountReporter } from "./station-app/test/support/count-reporter.ts";
import { firstOf } from "./station-app/test/support/longest-first.ts";
import { TellAtOnce } from "./station-app/test/support/tell-at-once.ts";

export default defineConfig({
  test: {
    pool: "forks",
    // One at a time, for these measure and cut power and a neighbour would disturb them; beside them goes the
    // simulator, which keeps its own time and takes what the others leave of the processors.
    maxWorkers: 2,
    sequence: { sequencer: firstOf(["simulation.long.test.ts"]) },
    testTimeout: 600_000,
    hookTimeout: 120_000,
    include: ["**/*.long.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.data/**"],
    reporters: ["default", new TellAtOnce(), new CountReporter()],
    globalSetup: "./station-app/test/support/build-screens-first.ts",
  },
});
