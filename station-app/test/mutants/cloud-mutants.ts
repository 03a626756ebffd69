import { onlyFaults, powerCuts, simulate, smallBatches } from "./arrangements.ts";
import type { Mutant } from "./mutant.ts";

const ingest = "cloud-api/modules/ingest/ingest-facts.ts";

/** Mistakes between a station and the cloud. */
export const cloudMutants: readonly Mutant[] = [
  {
    name: "acknowledge before commit",
    broken: "the cloud answers an upload once it is checked, and writes it a moment later",
    patches: [
      {
        file: ingest,
        find: "    return await store();",
        replace: `    const last = upload.checked.firstSequence + upload.checked.hashes.length - 1;
    setTimeout(() => void store().catch(() => undefined), 100);
    return succeed({ receivedThrough: last, durableThrough: 0 });`,
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "trouble",
      says: "the cloud acknowledged fact",
      arranged: [onlyFaults("cloud-dies/ingest")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "duplicate ingest accepted",
    broken: "the cloud stores whatever facts a batch holds, also those it has already",
    patches: [
      {
        file: ingest,
        find: "firstSequence > head.receivedThrough ? succeed(checked) : await check(head.receivedThrough);",
        replace: "succeed(checked);",
      },
      { file: ingest, find: "if (last <= head.receivedThrough)", replace: "if (last < 0)" },
      {
        file: "cloud-api/db/migrations/0002-tenants-and-partitions.ts",
        find: "DEFAULT now(), PRIMARY KEY (station_id, log_id, sequence, month))",
        replace: "DEFAULT now())",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "union",
      says: "twice",
      arranged: [onlyFaults("lost-reply/upload", "duplicate/upload", "late-copy/upload")],
      seeds: [1, 2],
    },
  },
  {
    name: "hashes not compared",
    broken: "the cloud skips facts whose numbers it has, without looking whether they are the same facts",
    patches: [
      {
        file: ingest,
        find: "if (stored.get(sequence) !== offered)",
        replace: "if (!stored.has(sequence))",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(2, 60, 4),
      rule: "fork",
      says: "nobody noticed",
      arranged: [onlyFaults("facts-restored/any")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "gap accepted",
    broken: "the cloud takes a batch that does not begin where the last one ended",
    patches: [
      {
        file: ingest,
        find: "if (firstSequence > head.receivedThrough + 1)",
        replace: "if (firstSequence < 1)",
      },
      {
        file: ingest,
        find: "return previousHash === lastHash\n      ?",
        replace: "return firstSequence > receivedThrough\n      ?",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "gap",
      says: "the cloud lacks",
      arranged: [onlyFaults("lost-request/upload", "cut-request/upload"), smallBatches],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "cloud never believed to have less",
    broken:
      "the acknowledged number only ever rises, also when the cloud fell back to an older copy of itself",
    patches: [
      {
        file: "station-app/engine/edge/uplink.ts",
        find: "log.acknowledged = known.receivedThrough;",
        replace: "log.acknowledged = Math.max(log.acknowledged, known.receivedThrough);",
      },
      {
        file: "station-app/engine/edge/refused-batch.ts",
        find: "  const wasAskedFor = batch.above === expected - 1;",
        replace: `  if (expected <= log.acknowledged) return { failure };
  const wasAskedFor = batch.above === expected - 1;`,
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(2, 60, 4),
      rule: "union",
      says: "the cloud lacks",
      arranged: powerCuts,
      seeds: [1, 2, 3],
    },
  },
  {
    name: "another hub's orders shown",
    broken: "a station gets the orders, parcels and releases of its whole tenant",
    patches: [
      {
        file: "cloud-api/sync/shape-definitions.ts",
        find: 'const ofHub = { tenant_id: "tenantId", hub_id: "hubId" } as const;',
        replace: 'const ofHub = { tenant_id: "tenantId" } as const;',
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(2, 60, 0, 3),
      rule: "replica",
      says: "the cloud has not released it",
      seeds: [1, 2, 3],
    },
  },
];
