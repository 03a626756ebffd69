import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { failureCatalog } from "@waystation/shared/failures/catalog";

/** What the parts of the cloud count. Every label has few values: no ids, no paths as asked for, no free text. */
export type CloudMetrics = {
  readonly countRequest: (request: {
    route: string;
    method: string;
    status: number;
    seconds: number;
  }) => void;
  readonly countRefusal: (route: string, code: string) => void;
  /** A batch that was taken; `facts` as sent, repeated ones included. */
  readonly countFacts: (facts: number) => void;
  readonly countJob: (job: string, ok: boolean) => void;
  readonly shapes: {
    readonly answered: (kind: "snapshot" | "log" | "live" | "refetch" | "refused" | "proxied") => void;
    readonly held: (change: 1 | -1) => void;
    readonly spoolBytes: (bytes: number) => void;
  };
  /** A value that is read when somebody asks for it. */
  readonly observe: (name: string, help: string, read: () => Observed) => void;
  readonly render: () => Promise<string>;
  readonly contentType: string;
};

/** One value, or one per value of a label; null: not known at the moment. */
type Observed = number | null | { readonly label: string; readonly values: Readonly<Record<string, number>> };

const buckets = [0.002, 0.01, 0.05, 0.2, 1, 5, 25, 60];
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** `ofProcess`: also memory, processor and event loop, which are there once per process. */
export function createMetrics(options: { readonly ofProcess: boolean } = { ofProcess: false }): CloudMetrics {
  const registry = new Registry();
  if (options.ofProcess) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const registers = [registry];
  const seconds = new Histogram({
    name: "waystation_http_request_seconds",
    help: "Time until the answer was out; live shape requests are held on purpose.",
    labelNames: ["route", "method", "status"],
    buckets,
    registers,
  });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `waystation_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `waystation_${name}`, help, registers });
  const refusals = counter("http_refusals_total", "Requests refused, by failure code.", ["route", "code"]);
  const batches = counter("ingest_batches_total", "Batches of facts taken.");
  const facts = counter("ingest_facts_total", "Facts in batches taken, repeated ones included.");
  const jobs = counter("job_runs_total", "Runs of the cloud's own jobs.", ["job", "result"]);
  const answers = counter("shape_answers_total", "Answers to shape requests.", ["kind"]);
  const held = gauge("shape_requests_held", "Live shape requests that wait for a change.");
  const spool = gauge("shape_spool_bytes", "Bytes of snapshots kept for stations that fetch them.");

  return {
    countRequest: ({ route, method, status, seconds: took }) =>
      seconds.observe({ route, method: methods.has(method) ? method : "other", status }, took),
    countRefusal: (route, code) => refusals.inc({ route, code: code in failureCatalog ? code : "other" }),
    countFacts: (count) => {
      batches.inc();
      facts.inc(count);
    },
    countJob: (job, ok) => jobs.inc({ job, result: ok ? "done" : "failed" }),
    shapes: {
      answered: (kind) => answers.inc({ kind }),
      held: (change) => held.inc(change),
      spoolBytes: (bytes) => spool.set(bytes),
    },
    observe: (name, help, read) => observe(registry, `waystation_${name}`, help, read),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function observe(registry: Registry, name: string, help: string, read: () => Observed): void {
  const first = read();
  const label = first !== null && typeof first === "object" ? first.label : null;
  // The app may be put together anew on the same measurements.
  registry.removeSingleMetric(name);
  new Gauge({
    name,
    help,
    labelNames: label === null ? [] : [label],
    registers: [registry],
    collect() {
      this.reset();
      const value = read();
      if (value === null) this.remove();
      else if (typeof value === "number") this.set(value);
      else for (const [key, count] of Object.entries(value.values)) this.set({ [value.label]: key }, count);
    },
  });
}
