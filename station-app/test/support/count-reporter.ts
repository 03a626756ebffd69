import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

type Counts = { passed: number; failed: number; skipped: number };

/** Makes the very last line of a run `N passed, N failed`, so that a script can read the result off it. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const line = describeCounts(countTests(modules, unhandled));
    // Written at exit: other reporters and vitest itself may still print after this hook.
    process.once("exit", () => writeSync(1, `${line}\n`));
  }
}

/**
 * A file that cannot be loaded, a failing hook and an error outside any test each count as one failure:
 * otherwise a broken run could end in "0 failed".
 */
export function countTests(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Counts {
  const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === "passed" || state === "failed" ? state : "skipped"] += 1;
    }
  }
  return counts;
}

export const describeCounts = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
