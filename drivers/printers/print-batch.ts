import { fail, type Failure } from "@waystation/shared/failures/result";
import type { PrintJob, PrintOutcome } from "../kit/device.ts";

/** `jobIds` in the order they were given; every job of the batch is in exactly one list. */
export type BatchReport = {
  readonly printed: readonly string[];
  /** Surely not printed: it may be sent again. */
  readonly failed: readonly string[];
  /** Sent, and nobody can tell: a person has to look before anything goes on. At most one. */
  readonly unknown: readonly string[];
  /** Never sent. */
  readonly notSent: readonly string[];
  /** Why it stopped; null: everything is printed. */
  readonly failure: Failure | null;
};

/** What of the batch is settled, e.g. from the log of an interrupted run or after a person has looked. */
export type Settled = {
  readonly printed?: ReadonlySet<string>;
  /** Sent before the interruption and never confirmed: as long as it stands nothing is printed. */
  readonly unknown?: ReadonlySet<string>;
};

export type BatchDeps = {
  readonly print: (job: PrintJob) => Promise<PrintOutcome>;
  /** Called before a job's first byte can leave; what it writes down must outlive a crash. */
  readonly onSending?: (job: PrintJob) => void | Promise<void>;
  /** Called as soon as a job's fate is known. */
  readonly onOutcome?: (job: PrintJob, outcome: PrintOutcome) => void | Promise<void>;
  /** true: stop before the next job. */
  readonly isStopped?: () => boolean;
};

/**
 * Prints the jobs in their order, each at most once, and stops at the first that is not surely printed: labels are
 * taken from the printer in the order of the parcels, and one that is missing or double shifts all behind it.
 * Resumed with what is settled it goes on where it stopped.
 */
export async function printBatch(
  jobs: readonly PrintJob[],
  deps: BatchDeps,
  settled: Settled = {},
): Promise<BatchReport> {
  const { printed: before = new Set(), unknown = new Set() } = settled;
  const open =
    findRepeated(jobs) ?? jobs.find(({ jobId }) => unknown.has(jobId) && !before.has(jobId))?.jobId;
  const printed = jobs.filter(({ jobId }) => before.has(jobId)).map(({ jobId }) => jobId);
  const waiting = jobs.filter(({ jobId }) => !before.has(jobId));
  const report = (rest: readonly PrintJob[], stop: Partial<BatchReport>): BatchReport => ({
    printed: jobs.filter(({ jobId }) => printed.includes(jobId)).map(({ jobId }) => jobId),
    failed: [],
    unknown: [],
    notSent: rest.map(({ jobId }) => jobId),
    failure: null,
    ...stop,
  });
  const repeated = findRepeated(jobs);
  if (repeated !== undefined) {
    const { failure } = fail("request.invalid", { reason: `job ${repeated} is in the batch twice` });
    return report(waiting, { failure });
  }
  if (open !== undefined) {
    const rest = waiting.filter(({ jobId }) => jobId !== open);
    return report(rest, {
      unknown: [open],
      failure: { code: "printer.unconfirmed", details: { jobId: open } },
    });
  }
  for (const [index, job] of waiting.entries()) {
    const rest = waiting.slice(index + 1);
    if (deps.isStopped?.() === true) return report([job, ...rest], {});
    await deps.onSending?.(job);
    const outcome = await deps.print(job);
    await deps.onOutcome?.(job, outcome);
    if (outcome.outcome !== "printed") {
      return report(rest, { [outcome.outcome]: [job.jobId], failure: outcome.failure });
    }
    printed.push(job.jobId);
  }
  return report([], {});
}

/** A job given twice would be printed twice. */
function findRepeated(jobs: readonly PrintJob[]): string | undefined {
  const seen = new Set<string>();
  for (const { jobId } of jobs) {
    if (seen.has(jobId)) return jobId;
    seen.add(jobId);
  }
  return undefined;
}
