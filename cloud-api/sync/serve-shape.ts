import { randomBytes } from "node:crypto";
import type { StationShape } from "@waystation/shared/wire/cloud-http";
import type { Database } from "../db/connect.ts";
import { watchTables } from "../db/change-feed.ts";
import { describeSchema, shapeDefinitions } from "./shape-definitions.ts";
import {
  hasHiddenChanges,
  readLogPage,
  readShapeState,
  readSnapshotPage,
  type ShapeChange,
  type ShapePage,
  type ShapeState,
} from "./shape-log.ts";
import {
  formatHandle,
  formatOffset,
  readHandle,
  type ShapePosition,
  type ShapeRequest,
} from "./shape-request.ts";

export type ShapeAnswer =
  | { readonly kind: "messages"; readonly headers: Record<string, string>; readonly body: string }
  /** The client must begin again at offset -1, under another handle. */
  | { readonly kind: "refetch"; readonly handle: string };

export type ServeOptions = {
  readonly stationId: string;
  readonly longPollMs: number;
  /** The client went away or the cloud stops. */
  readonly signal: AbortSignal;
};

type LogPosition = Extract<ShapePosition, { kind: "log" }>;

export type ShapeServer = {
  readonly answer: (request: ShapeRequest, options: ServeOptions) => Promise<ShapeAnswer>;
};

export function createShapeServer(database: Database): ShapeServer {
  const readShared = shareReads(database);

  async function answer(request: ShapeRequest, options: ServeOptions): Promise<ShapeAnswer> {
    const { table, position } = request;
    const state = await readShapeState(database.kysely, table);
    const fresh = formatHandle({ table, epoch: state.epoch, horizon: state.horizon }, uniquePart());
    if (request.handle === null) return answerSnapshot(request, fresh, state.horizon, 0, options.stationId);
    const handle = readHandle(request.handle);
    if (handle === null || handle.table !== table || handle.epoch !== state.epoch)
      return { kind: "refetch", handle: fresh };
    if (!isInsideLog(position.kind === "snapshot" ? handle.horizon : position.xid, state))
      return { kind: "refetch", handle: fresh };
    if (position.kind === "snapshot")
      return answerSnapshot(request, request.handle, handle.horizon, position.row, options.stationId);
    const page = request.live
      ? await waitForPage(request, position, options)
      : await readShared(table, options.stationId, position);
    return describePage(request, request.handle, page);
  }

  async function answerSnapshot(
    request: ShapeRequest,
    handle: string,
    horizon: bigint,
    afterRow: number,
    stationId: string,
  ): Promise<ShapeAnswer> {
    const page = await readSnapshotPage(database.kysely, request.table, stationId, afterRow);
    const changes = page.rows.map((row): ShapeChange => ({ operation: "insert", row }));
    const position: ShapePosition = page.complete
      ? { kind: "log", xid: horizon, entry: 0 }
      : { kind: "snapshot", row: page.lastRow };
    // Never "up to date": the log since the horizon is still to be read.
    return describePage(request, handle, { changes, position, complete: false });
  }

  /** Sleeps until a notice, the end of the hold time or the end of the client; never polls an idle table. */
  async function waitForPage(
    request: ShapeRequest,
    position: LogPosition,
    options: ServeOptions,
  ): Promise<ShapePage> {
    const watch = watchTables(database.changes, [request.table], options.signal);
    const deadline = Date.now() + options.longPollMs;
    try {
      for (;;) {
        const page = await readShared(request.table, options.stationId, position);
        const remainingMs = deadline - Date.now();
        if (page.changes.length > 0 || remainingMs <= 0 || options.signal.aborted) return page;
        const hidden = await hasHiddenChanges(database.kysely, request.table);
        await watch.next(hidden ? Math.min(hiddenRetryMs, remainingMs) : remainingMs);
      }
    } finally {
      watch.close();
    }
  }

  return { answer };
}

const hiddenRetryMs = 200;

/**
 * One notice wakes every station that waits at the same place: they share one read. The feed's version is part
 * of the key, so nobody who woke by a notice is given a read that began before it.
 */
function shareReads(
  database: Database,
): (table: StationShape, stationId: string, position: LogPosition) => Promise<ShapePage> {
  const running = new Map<string, Promise<ShapePage>>();
  return (table, stationId, position) => {
    const scope = shapeDefinitions[table].scopeColumn === null ? "" : stationId;
    const key = JSON.stringify([table, scope, formatOffset(position), database.changes.version()]);
    const found = running.get(key);
    if (found !== undefined) return found;
    const read = readLogPage(database.kysely, table, stationId, position).finally(() => running.delete(key));
    running.set(key, read);
    return read;
  };
}

/** Electric answers 400 to an offset beyond its log, which ends a client for good; 409 makes it begin again. */
const isInsideLog = (xid: bigint, state: ShapeState): boolean => xid >= state.trimmed && xid <= state.end;

const uniquePart = (): string => `${Date.now().toString(36)}-${randomBytes(6).toString("hex")}`;

function describePage(request: ShapeRequest, handle: string, page: ShapePage): ShapeAnswer {
  const messages: unknown[] = page.changes.map((change) => describeChange(request.table, change));
  if (page.complete) messages.push({ headers: { control: "up-to-date", global_last_seen_lsn: "0" } });
  return {
    kind: "messages",
    headers: {
      "electric-handle": handle,
      "electric-offset": formatOffset(page.position),
      "electric-has-data": String(page.changes.length > 0),
      ...(page.complete ? { "electric-up-to-date": "" } : {}),
      ...(request.live
        ? { "electric-cursor": nextCursor(request.cursor) }
        : { "electric-schema": describeSchema(request.table) }),
    },
    body: JSON.stringify(messages),
  };
}

function describeChange(table: StationShape, { operation, row }: ShapeChange): unknown {
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const key = shapeDefinitions[table].primaryKey.map((column) =>
    quote((row[column] ?? "").replaceAll("/", "//")),
  );
  return {
    key: [`${quote("public")}.${quote(table)}`, ...key].join("/"),
    value: row,
    headers: { operation, relation: ["public", table] },
  };
}

/** Changes with every live answer, so that nothing between us and the station can hand out an old one. */
function nextCursor(sent: string): string {
  const now = Math.floor(Date.now() / 1000) - 1_728_432_000;
  const before = /^\d{1,15}$/.test(sent) ? Number(sent) : 0;
  return String(Math.max(now, before + 1));
}
