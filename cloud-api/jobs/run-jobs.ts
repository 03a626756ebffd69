import { describeError } from "../http/describe-error.ts";
import type { CloudDeps } from "../http/cloud-env.ts";

/** Work that the cloud does by itself. It must be short or in small steps, and harmless when it comes twice. */
export type Job = {
  readonly name: string;
  readonly everyMs: number;
  /** Gives up soon after the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

export type RunningJobs = { readonly stop: () => Promise<void> };

/** The first run comes soon after the start, so that a cloud that is restarted daily does its daily work too. */
const firstAfterMs = 20_000;

/** A job never overlaps itself; one that fails is logged, counted and tried again at its next time. */
export function runJobs(
  jobs: readonly Job[],
  deps: Pick<CloudDeps, "logLine" | "metrics">,
  startAfterMs: number = firstAfterMs,
): RunningJobs {
  const stopping = new AbortController();
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();

  const run = async (job: Job): Promise<void> => {
    try {
      await job.run(stopping.signal);
      deps.metrics.countJob(job.name, true);
    } catch (error) {
      if (stopping.signal.aborted) return;
      deps.metrics.countJob(job.name, false);
      deps.logLine({ level: "error", event: "job failed", job: job.name, error: describeError(error) });
    }
  };
  const plan = (job: Job, delayMs: number): void => {
    if (stopping.signal.aborted) return;
    const begin = (): void => {
      const task = run(job).finally(() => {
        running.delete(task);
        plan(job, job.everyMs);
      });
      running.add(task);
    };
    timers.set(job.name, setTimeout(begin, delayMs).unref());
  };
  for (const job of jobs) plan(job, Math.min(startAfterMs, job.everyMs));

  return {
    stop: async () => {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
