import { tmpdir } from "node:os";
import type { Kysely } from "kysely";
import type { ChangeFeed } from "../db/change-feed.ts";
import { type AnswerShape, createAnswers } from "./answer-shape.ts";
import { ensureShapeCapture } from "./capture-schema.ts";
import { keepIdentity } from "./database-identity.ts";
import { startLogTail } from "./log-tail.ts";
import type { LogEntry } from "./log-entries.ts";
import { createLogReader, type LogReader } from "./read-log.ts";
import { createRelationStore, type RelationStore } from "./relation-store.ts";
import { createSnapshots } from "./snapshots.ts";
import { createWaitList, type WaitList } from "./wait-list.ts";

export type ShapeServer = {
  readonly relations: RelationStore;
  readonly answer: AnswerShape;
  /** From now on every handle of the shape is unknown. */
  readonly forget: (hash: string) => void;
  /** Requests that sleep until something happens, and pages of the log read since the start: for those who measure. */
  readonly waiting: () => number;
  readonly reads: () => number;
  readonly stop: () => Promise<void>;
};

export type ShapeServerOptions = {
  readonly longPollMs: number;
  readonly chunkBytes: number;
  readonly spoolFolder: string;
  readonly spoolBytes: number;
  readonly snapshotAgeMs: number;
  /** How often tables that somebody waits for are looked at; null where none is ever dropped. */
  readonly schemaCheckMs: number | null;
  readonly onError: (error: unknown) => void;
  /** Bytes of all snapshots, whenever they change. */
  readonly onSpooled: (bytes: number) => void;
};

export const defaultShapeOptions: ShapeServerOptions = {
  longPollMs: 20_000,
  chunkBytes: 10_485_760,
  spoolFolder: tmpdir(),
  spoolBytes: 8_000_000_000,
  snapshotAgeMs: 600_000,
  schemaCheckMs: null,
  onError: () => undefined,
  onSpooled: () => undefined,
};

export type ShapeDatabase = { readonly kysely: Kysely<unknown>; readonly changes: ChangeFeed };

export async function startShapeServer(
  { kysely: db, changes }: ShapeDatabase,
  options: ShapeServerOptions,
): Promise<ShapeServer> {
  await ensureShapeCapture(db);
  await keepIdentity(db);
  const relations = createRelationStore(db);
  const waiting = createWaitList();
  const growth = countGrowth();
  const tail = await startLogTail(
    db,
    changes,
    followLog({ relations, waiting, growth, onError: options.onError }),
  );
  let reads = 0;
  const readPage = createLogReader(db, tail, options.chunkBytes);
  const readLog: LogReader = (definition, after) => {
    reads += 1;
    return readPage(definition, after);
  };
  const snapshots = createSnapshots(db, {
    folder: options.spoolFolder,
    chunkBytes: options.chunkBytes,
    maximumBytes: options.spoolBytes,
    maximumAgeMs: options.snapshotAgeMs,
    grownBytes: growth.of,
    onError: options.onError,
    onSpooled: options.onSpooled,
  });
  const checking =
    options.schemaCheckMs === null ? null : watchSchemas(relations, waiting, options, options.schemaCheckMs);
  const answer = createAnswers({
    tail,
    readLog,
    snapshots,
    relations,
    waiting,
    longPollMs: options.longPollMs,
  });
  return {
    relations,
    answer,
    forget: (hash) => {
      snapshots.forget(hash);
      waiting.wakeAll();
    },
    waiting: waiting.count,
    reads: () => reads,
    stop: async () => {
      if (checking !== null) clearInterval(checking);
      tail.stop();
      waiting.wakeAll();
      await snapshots.stop();
    },
  };
}

type Growth = {
  readonly of: (relation: string) => number;
  readonly add: (entries: readonly LogEntry[]) => void;
  readonly skip: () => void;
};

/** Bytes that went through the log since the start; a part that nobody read counts as very much. */
function countGrowth(): Growth {
  const byRelation = new Map<string, number>();
  let skipped = 0;
  return {
    of: (relation) => (byRelation.get(relation) ?? 0) + skipped,
    add: (entries) => {
      for (const { relation, sizeBytes } of entries)
        byRelation.set(relation, (byRelation.get(relation) ?? 0) + sizeBytes / 2);
    },
    skip: () => (skipped += 1e12),
  };
}

type Followers = {
  readonly relations: RelationStore;
  readonly waiting: WaitList;
  readonly growth: Growth;
  readonly onError: (error: unknown) => void;
};

function followLog({ relations, waiting, growth, onError }: Followers): Parameters<typeof startLogTail>[2] {
  let skipped = false;
  return {
    onEntries: async (entries) => {
      const touched = [...new Set(entries.map(({ relation }) => relation))];
      const changed = await relations.check(touched);
      growth.add(entries);
      for (const relation of changed) waiting.wakeRelation(relation);
    },
    onSkipped: async () => {
      await relations.check(relations.known());
      growth.skip();
      skipped = true;
    },
    onAdvanced: (entries) => {
      if (skipped) waiting.wakeAll();
      else for (const entry of entries) waiting.wakeFor(entry);
      skipped = false;
    },
    onError,
  };
}

function watchSchemas(
  relations: RelationStore,
  waiting: WaitList,
  { onError }: ShapeServerOptions,
  everyMs: number,
): NodeJS.Timeout {
  let running = false;
  const look = async (): Promise<void> => {
    const oids = waiting.relations();
    if (running || oids.length === 0) return;
    running = true;
    try {
      for (const oid of await relations.check(oids)) waiting.wakeRelation(oid);
    } catch (error) {
      onError(error);
    } finally {
      running = false;
    }
  };
  return setInterval(() => void look(), everyMs).unref();
}
