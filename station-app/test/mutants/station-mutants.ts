import { hurriedPruning, onlyFaults, powerCuts, simulate } from "./arrangements.ts";
import type { Mutant } from "./mutant.ts";

const core = "station-app/engine/core";

/** Mistakes in the engine: its two files, its devices. */
export const stationMutants: readonly Mutant[] = [
  {
    name: "durability at NORMAL",
    broken: "facts.db commits with synchronous=NORMAL, because the log is in WAL mode anyway",
    patches: [
      {
        file: `${core}/open-database.ts`,
        find: 'db.pragma("synchronous = FULL");',
        replace: 'db.pragma("synchronous = NORMAL");',
      },
      {
        file: `${core}/open-database.ts`,
        find: "{ simple: true }) === 2;",
        replace: "{ simple: true }) !== 0;",
      },
    ],
    caught: {
      by: "power-cut",
      cuts: { parcels: 40, images: 60 },
      rule: "loss",
      says: "acknowledged",
      seeds: [2],
    },
  },
  {
    name: "divert before commit",
    broken: "effects go out at once and their facts are written ten milliseconds later, off the hot path",
    patches: [
      {
        file: `${core}/core.ts`,
        find: "const failure = commit(facts);",
        replace: "const failure = null as Failure | null;\n    setTimeout(() => void commit(facts), 10);",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(0.3, 60, 0),
      rule: "intent",
      says: "was told chute",
      seeds: [1],
    },
  },
  {
    name: "facts deleted that are only received",
    broken: "the station deletes what the cloud has received, without waiting until it is durable there",
    patches: [
      {
        file: `${core}/prune-facts.ts`,
        find: "durable_through AS durableThrough, running_ms",
        replace: "acknowledged_through AS durableThrough, running_ms",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(2, 60, 4),
      rule: "union",
      says: "the cloud lacks",
      arranged: [...powerCuts, ...hurriedPruning],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "another branch's facts acknowledged",
    broken: "what the cloud has of a log counts as received, also behind what it took from this copy of it",
    patches: [
      {
        file: "station-app/engine/edge/uplink.ts",
        find: "const isBehind = isFresh &&",
        replace: `if (known.receivedThrough <= log.recorded)
      log.acknowledged = Math.max(log.acknowledged, known.receivedThrough);
    const isBehind = isFresh &&`,
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(6, 60, 4),
      rule: "acknowledged",
      says: "and the cloud has another text of it",
      arranged: [onlyFaults("facts-restored/any", "partition-for-days/any")],
      seeds: [2, 1, 3, 4, 5],
    },
  },
  {
    name: "order used twice",
    broken: "a second parcel of an order is looked for among those under way only",
    patches: [
      {
        file: `${core}/core.ts`,
        find: "        isAcceptedIn(pending, found.order.orderId, exceptParcelId) ||\n        store.isHandled(found.order.orderId, exceptParcelId),",
        replace: "        isAcceptedIn(pending, found.order.orderId, exceptParcelId),",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 0),
      rule: "once",
      says: "labels of",
      seeds: [3, 5],
    },
  },
  {
    name: "weight of one parcel used for the next",
    broken: "where a scale does not answer, the weight it told last is taken",
    patches: [
      {
        file: "station-app/engine/edge/perform-effect.ts",
        find: "  const result = await deps.devices.scale(scaleId).requestWeight(deps.weighTimeoutMs);",
        replace: `  const asked = await deps.devices.scale(scaleId).requestWeight(deps.weighTimeoutMs);
  if (asked.ok) lastWeights.set(scaleId, asked.value);
  const last = lastWeights.get(scaleId);
  const result = asked.ok || last === undefined ? asked : { ok: true as const, value: last };`,
      },
      {
        file: "station-app/engine/edge/perform-effect.ts",
        find: "const queryTries = 5;",
        replace: "const lastWeights = new Map<string, number>();\nconst queryTries = 5;",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 15),
      rule: "misweighed",
      says: "was never on the scale with",
      arranged: [onlyFaults("drop/weigh")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "sorter's events taken too early",
    broken: "the driver acknowledges a sorter's events when they are read, not when their facts are durable",
    patches: [
      {
        file: "station-app/engine/edge/devices.ts",
        find: 'return { ...binding, options: { acknowledge: "listener", ...binding.options } };',
        replace: "return binding;",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "forgotten",
      says: "was announced, and no fact tells of it",
      arranged: [onlyFaults("engine-dies-before/commit")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "offset apart from rows",
    broken: "a shape's offset is committed first and its rows in a transaction of their own",
    patches: [
      {
        file: "station-app/engine/replica/shape-writer.ts",
        find: "        for (const piece of cutChanges(changes, pieceLimits)) {",
        replace: `        savePosition(shape, position, upToDate);
        db.exec("COMMIT");
        db.exec("BEGIN IMMEDIATE");
        for (const piece of cutChanges(changes, pieceLimits)) {`,
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 50),
      rule: "replica",
      says: "is released and not shown",
      arranged: [onlyFaults("engine-dies/replicate", "orders-damaged/any")],
      seeds: [3, 4, 5, 6, 7],
    },
  },
  {
    name: "release row ignored",
    broken: "an order is shown as soon as both of its parts are here",
    patches: [
      {
        file: "station-app/engine/replica/write-orders.ts",
        find: "    statements.stage[shape].run(orderId, part.number, part.text);",
        replace: `    statements.stage[shape].run(orderId, part.number, part.text);
    const other = statements.readPart[shape === "orders" ? "shipments" : "orders"].get({ id: orderId }) as StoredPart | undefined;
    if (other === undefined) return;
    const [orderBody, shipmentBody] = shape === "orders" ? [part.text, other.body] : [other.body, part.text];
    const partsHash = hash("sha256", releaseText(orderBody, shipmentBody));
    release(orderId, { revision: part.number, partsHash, orderBody, shipmentBody, shownHash: null, orderWaits: 1, shipmentWaits: 1 });`,
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 0),
      rule: "replica",
      says: "the cloud has not released it",
      seeds: [2, 3, 1],
    },
  },
];
