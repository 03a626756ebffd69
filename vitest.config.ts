import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./station-app/test/support/count-reporter.ts";
import { firstOf, longest } from "./station-app/test/support/longest-first.ts";

/** Long runs (soak, power cut, big simulations) live in `*.long.test.ts` and have their own config. */
const notHere = ["**/node_modules/**", "**/dist/**", "**/*.long.test.ts", "**/.data/**"];
const cacheFolder = join(import.meta.dirname, "node_modules/.cache/waystation-tests");
const endToEnd = "station-app/test/e2e/**/*.test.ts";

export default defineConfig({
  test: {
    pool: "forks",
    // A library keeps its keys in the user's folder; a test's belong into the checkout.
    env: {
      XDG_CONFIG_HOME: cacheFolder,
      // Hundreds of processes are started from the same sources; each would compile them for half a second.
      NODE_COMPILE_CACHE: join(cacheFolder, "compiled"),
    },
    globalSetup: "./station-app/test/support/run-folder.ts",
    // Loading modules anew for each file took two fifths of the processor time of small files.
    isolate: false,
    sequence: { sequencer: firstOf(longest) },
    // A third waits for timers and devices while two work: a quarter less time on two cores.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["default", new CountReporter()],
    projects: [
      {
        extends: true,
        test: { name: "parts", include: ["**/*.test.ts", "**/*.test.tsx"], exclude: [...notHere, endToEnd] },
      },
      {
        extends: true,
        // Only these need the screens built, so only a run that contains one of them builds.
        test: {
          name: "e2e",
          include: [endToEnd],
          exclude: notHere,
          globalSetup: "./station-app/test/support/build-screens-first.ts",
        },
      },
    ],
  },
});
