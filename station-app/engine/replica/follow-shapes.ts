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
import type { ShapeChange, ShapeRow, ShapeWriter } from "./shape-writer.ts";

export type Acknowledgement = {
  readonly logId: string;
  readonly receivedThrough: number;
  readonly durableThrough: number;
};

export type ShapeListener = {
  readonly onAcknowledged: (acknowledgement: Acknowledgement) => void;
  /** Channels or sort plans changed. */
  readonly onSettings: () => void;
  readonly onOrders: () => void;
  readonly onLink: (failure: Failure | null) => void;
};

type Link = { readonly url: string; readonly token: string };

/** Follows every shape until aborted. Rows and offset commit together; a lost connection is retried for ever, with back-off. */
export function followShapes(
  link: Link,
  writer: ShapeWriter,
  listener: ShapeListener,
  signal: AbortSignal,
): void {
  for (const shape of stationShapes) followShape(link, shape, writer, listener, signal);
}

function followShape(
  link: Link,
  shape: StationShape,
  writer: ShapeWriter,
  listener: ShapeListener,
  signal: AbortSignal,
): void {
  const position = shape === "acknowledgements" ? undefined : writer.position(shape);
  const stream = new ShapeStream<Record<string, string>>({
    url: `${link.url}/v1/shape`,
    params: { table: shape, replica: "full" },
    headers: { authorization: `Bearer ${link.token}` },
    signal,
    // Rows are stored as the text they came as; nothing is parsed on the way.
    parser: textParser,
    ...(position?.handle == null ? {} : { handle: position.handle, offset: position.offset as Offset }),
    onError: (error) => {
      listener.onLink(describeLinkFailure(error));
      return error instanceof FetchError && error.status >= 400 && error.status < 500 && error.status !== 409
        ? undefined
        : {};
    },
  });
  stream.subscribe((messages) => {
    listener.onLink(null);
    takeMessages(
      shape,
      messages,
      { handle: stream.shapeHandle ?? null, offset: stream.lastOffset },
      writer,
      listener,
    );
  });
}

const asText = (value: string): string => value;
const textParser = {
  bool: asText,
  int2: asText,
  int4: asText,
  int8: asText,
  float4: asText,
  float8: asText,
  json: asText,
  jsonb: asText,
};

function takeMessages(
  shape: StationShape,
  messages: readonly Message<Record<string, string>>[],
  position: { readonly handle: string | null; readonly offset: string },
  writer: ShapeWriter,
  listener: ShapeListener,
): void {
  const restart = messages.findLastIndex((message) => isControl(message, "must-refetch"));
  if (restart >= 0 && shape !== "acknowledgements") writer.refetch(shape);
  const changes = messages.slice(restart + 1).flatMap(toChange);
  const upToDate = messages.some((message) => isControl(message, "up-to-date"));
  if (shape === "acknowledgements") return announceAcknowledgements(changes, listener);
  if (restart >= 0 && changes.length === 0 && !upToDate) return;
  if (changes.length === 0 && !upToDate) return;
  writer.apply(shape, changes, position, upToDate);
  if (changes.length === 0) return;
  if (shape === "channels" || shape === "sort_plans") listener.onSettings();
  else listener.onOrders();
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

function announceAcknowledgements(changes: readonly ShapeChange[], listener: ShapeListener): void {
  for (const { operation, row } of changes) {
    const { log_id: logId, received_through: received, durable_through: durable } = row;
    if (operation !== "delete" && logId != null && received != null && durable != null)
      listener.onAcknowledged({ logId, receivedThrough: Number(received), durableThrough: Number(durable) });
  }
}

function describeLinkFailure(error: unknown): Failure {
  if (error instanceof FetchError && (error.status === 401 || error.status === 403))
    return { code: "cloud.refused", details: { reason: `HTTP ${error.status}` } };
  return { code: "cloud.unreachable", details: {}, cause: describeCause(error) };
}
