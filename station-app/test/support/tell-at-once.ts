import { writeSync } from "node:fs";
import type { Reporter, TestCase } from "vitest/node";

/** Says why a test failed when it does, for whoever waits hours for the end of a run or stops it before. */
export class TellAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state !== "failed") return;
    for (const { stack, message, diff } of errors)
      writeSync(1, `failed: ${test.fullName}\n${stack ?? message}\n${diff ?? ""}\n`);
  }
}
