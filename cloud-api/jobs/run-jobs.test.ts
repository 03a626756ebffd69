import { expect, test } from "vitest";
import type { LogEntry } from "../http/logger.ts";
import { createMetrics } from "../http/metrics.ts";
import { until } from "../test-support/serve.ts";
import { runJobs } from "./run-jobs.ts";

test("a job comes again after a failure, never overlaps itself, and a stop waits for it", async () => {
  const lines: LogEntry[] = [];
  const metrics = createMetrics();
  let running = 0;
  let most = 0;
  let runs = 0;
  let ended = 0;
  const slow = async (signal: AbortSignal): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    runs += 1;
    const mine = runs;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (mine > 2) await until(() => signal.aborted, "the stop is heard");
    running -= 1;
    ended += 1;
    if (mine === 1) throw new Error("once");
  };
  const jobs = runJobs(
    [{ name: "slow", everyMs: 1, run: slow }],
    { metrics, logLine: (line) => lines.push(line) },
    1,
  );
  await until(() => runs === 3, "the third run has begun");
  await jobs.stop();
  expect([runs, ended, most]).toEqual([3, 3, 1]);
  expect(lines).toMatchObject([{ level: "error", event: "job failed", job: "slow" }]);
  const text = await metrics.render();
  expect(text).toContain('waystation_job_runs_total{job="slow",result="failed"} 1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(runs).toBe(3);
});
