import { setTimeout as sleep } from "node:timers/promises";
import {
  type ControlMessage,
  FetchError,
  isChangeMessage,
  type Message,
  type Offset,
  ShapeStream,
} from "@electric-sql/client";
import { describeCause, type Failure } from "@waystation/shared/failures/result";
import { type StationShape, stationShapes } from "@waystation/shared/wire/cloud-http";
import { type AcknowledgementListener, createAcknowledgementRows } from "./acknowledgement-rows.ts";
import { createCatchUpTurns, noTurn, type Turn } from "./catch-up-turns.ts";
import { fetchWatched } from "./fetch-watched.ts";
import type { OrderReplica } from "./order-replica.ts";
import type { ReplicatedShape, ShapeChange, ShapePosition, ShapeRow } from "./shape-row.ts";
import type { TokenSource } from "./token-source.ts";

export type ShapeListener = AcknowledgementListener & {
  /** Channels or sort plans changed. */
  readonly onSettings: () => void;
  readonly onOrders: () => void;
  readonly onLink: (failure: Failure | null) => void;
};

export type ShapeSource = {
  readonly url: string;
  readonly newsWithinMs?: number | undefined;
  readonly tokens: TokenSource;
  readonly replica: OrderReplica;
  readonly listener: ShapeListener;
  readonly signal: AbortSignal;
};

export type ShapeFollower = {
  /** Every stream begins again where the replica's positions say. */
  readonly restart: () => void;
};

const retryMs = { first: 500, longest: 30_000 };

/** With a row for every order, in the order they are caught up: an order's body is the largest and comes last, when it can be shown at once. */
const largeShapes: readonly StationShape[] = ["releases", "shipments", "orders"];

/** Follows every shape until aborted. No answer of the cloud ends a stream for good: it is begun again, ever more slowly. */
export function followShapes(source: ShapeSource): ShapeFollower {
  let epoch = new AbortController();
  const joinTurns = createCatchUpTurns();
  for (const [rank, shape] of largeShapes.entries())
    void followShape(shape, source, joinTurns(rank), () => epoch.signal);
  for (const shape of stationShapes)
    if (!largeShapes.includes(shape)) void followShape(shape, source, noTurn, () => epoch.signal);
  return {
    restart(): void {
      const former = epoch;
      epoch = new AbortController();
      former.abort();
    },
  };
}

async function followShape(
  shape: StationShape,
  source: ShapeSource,
  turn: Turn,
  currentEpoch: () => AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!source.signal.aborted) {
    const epoch = currentEpoch();
    const error = await runStream(
      shape,
      source,
      turn,
      AbortSignal.any([source.signal, epoch]),
      () => (failures = 0),
    );
    turn.giveBack();
    if (source.signal.aborted) return;
    if (epoch.aborted) continue;
    source.listener.onLink(describeLinkFailure(error));
    failures += 1;
    const waitMs = Math.min(retryMs.longest, retryMs.first * 2 ** Math.min(failures - 1, 10));
    await sleep(waitMs, undefined, { signal: source.signal }).catch(() => undefined);
  }
}

/** One stream from the stored position; resolves with the reason when it has ended. */
function runStream(
  shape: StationShape,
  source: ShapeSource,
  turn: Turn,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<unknown> {
  const { replica, listener, tokens } = source;
  const streamEpoch = replica.epoch();
  const position = shape === "acknowledgements" ? undefined : replica.position(shape);
  const takeAcknowledgements = createAcknowledgementRows(listener);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
    const stream = new ShapeStream<Record<string, string>>({
      url: `${source.url}/v1/shape`,
      params: { table: shape, replica: "full" },
      headers: { authorization: tokens.authorization },
      signal,
      fetchClient: fetchWatched({ tokens, onLink: listener.onLink, turn }),
      parser: shapeTextParser,
      ...(source.newsWithinMs === undefined ? {} : { liveRequestTimeoutMs: source.newsWithinMs }),
      ...(position?.handle == null ? {} : { handle: position.handle, offset: position.offset as Offset }),
      // Nothing is repaired within the stream: the loop around it begins a new one.
      onError: (error) => {
        resolve(error);
        return undefined;
      },
    });
    stream.subscribe(
      (messages) => {
        const at = { handle: stream.shapeHandle ?? null, offset: stream.lastOffset };
        onProgress();
        listener.onLink(null);
        if (shape !== "acknowledgements") return takeMessages(shape, streamEpoch, messages, at, source);
        const { restart, changes, upToDate } = readMessages(messages);
        return takeAcknowledgements(changes, { restarts: restart >= 0, isUpToDate: upToDate });
      },
      (error) => resolve(error),
    );
  });
}

/** Rows are stored as the text they came as; nothing is parsed on the way. */
const asText = (value: string): string => value;
export const shapeTextParser = {
  bool: asText,
  int2: asText,
  int4: asText,
  int8: asText,
  float4: asText,
  float8: asText,
  json: asText,
  jsonb: asText,
};

/** Resolves when everything is stored: until then the client asks for nothing more of this shape. */
async function takeMessages(
  shape: ReplicatedShape,
  streamEpoch: number,
  messages: readonly Message<Record<string, string>>[],
  position: ShapePosition,
  { replica, listener, signal }: ShapeSource,
): Promise<void> {
  const { restart, changes, upToDate } = readMessages(messages);
  if (restart >= 0) await replica.refetch(streamEpoch, shape);
  if (changes.length === 0 && !upToDate) return;
  await replica.apply(streamEpoch, shape, changes, position, upToDate);
  if (changes.length === 0 || signal.aborted) return;
  if (shape === "channels" || shape === "sort_plans") listener.onSettings();
  else listener.onOrders();
}

/** What counts is what comes after the last order to begin anew. */
function readMessages(messages: readonly Message<Record<string, string>>[]) {
  const restart = messages.findLastIndex((message) => isControl(message, "must-refetch"));
  const valid = messages.slice(restart + 1);
  const upToDate = valid.some((message) => isControl(message, "up-to-date"));
  return { restart, changes: valid.flatMap(toChange), upToDate };
}

const isControl = (
  message: Message<Record<string, string>>,
  control: ControlMessage["headers"]["control"],
): boolean => "control" in message.headers && message.headers.control === control;

function toChange(message: Message<Record<string, string>>): ShapeChange[] {
  return isChangeMessage(message)
    ? [{ operation: message.headers.operation, row: message.value as ShapeRow }]
    : [];
}

function describeLinkFailure(error: unknown): Failure {
  if (error instanceof FetchError && error.status >= 400 && error.status < 500)
    return { code: "cloud.refused", details: { reason: `HTTP ${error.status}` } };
  return { code: "cloud.unreachable", details: {}, cause: describeCause(error) };
}
