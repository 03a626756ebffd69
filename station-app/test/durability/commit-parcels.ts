/**
 * A station process without threads, for the recorder: `node commit-parcels.ts '{"dir":...,"build":...}'`.
 * Plays parcels through the real core and writes the sequence of the last fact to the file `acks` after each
 * commit. Kills itself at the end: closing would sync what was not synced.
 */
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { SessionEvent } from "@waystation/shared/session/events";
import { openStationBench } from "../support/station-bench.ts";
import { weakenSync } from "./weaken-sync.ts";

/** full: the product. normal, ack-first: the two mistakes the test has to see. */
export type Build = "full" | "normal" | "ack-first";
export type CommitPlan = { readonly dir: string; readonly build: Build; readonly parcels: number };

const parcelsPerCheckpoint = 7;
const parcelsPerRestart = 19;

function commitParcels({ dir, build, parcels }: CommitPlan): void {
  if (build === "normal") weakenSync();
  const acks = openSync(join(dir, "acks"), "a");
  const ack = (sequence: number): void => void writeSync(acks, `${sequence}\n`);
  const start = () => {
    const bench = openStationBench({ dir });
    bench.core.start();
    bench.core.setPrinter("printer", true, 100);
    ack(bench.store.lastSequence());
    return bench;
  };
  let bench = start();

  /** Every event used here gives at least one fact, so the early acknowledgement names a fact to come. */
  const send = (event: SessionEvent) => {
    if (build === "ack-first") ack(bench.store.lastSequence() + 1);
    const { effects } = bench.core.handle("belt", event, bench.now());
    ack(bench.store.lastSequence());
    return effects;
  };

  for (let index = 1; index <= parcels; index += 1) {
    if (index % parcelsPerRestart === 0) {
      bench.close();
      bench = start();
    }
    if (index % parcelsPerCheckpoint === 0) bench.store.checkpoint();
    bench.advance(5000);
    send({ kind: "inducted", parcelIndex: index, deviceId: "sorter" });
    bench.advance(300);
    const barcode = index % 5 === 0 ? "WS0000009999" : `WS${String(1 + (index % 20)).padStart(10, "0")}`;
    const reading = { kind: "size", parcelIndex: index, barcode, weightGrams: 210 } as const;
    const size = { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 52 };
    let effects = send({ kind: "reading", deviceId: "dws", reading: { ...reading, ...size } });
    const [print] = effects.filter((effect) => effect.kind === "print");
    if (print !== undefined)
      effects = send({
        kind: "label-outcome",
        jobId: print.jobId,
        result: { outcome: "printed", odometer: 101 },
      });
    const [divert] = effects.filter((effect) => effect.kind === "divert");
    if (divert !== undefined) send({ kind: "diverted", parcelIndex: index, chute: divert.chute });
  }
}

commitParcels(JSON.parse(process.argv[2] ?? "{}") as CommitPlan);
process.kill(process.pid, "SIGKILL");
