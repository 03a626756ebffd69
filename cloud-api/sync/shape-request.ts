import type { StationShape } from "@waystation/shared/wire/cloud-http";
import { shapeColumns } from "@waystation/shared/wire/cloud-http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { isStationShape } from "./shape-definitions.ts";

/**
 * Where a client stands. `snapshot`: rows up to `row` were sent. `log`: every change up to this entry was sent.
 * On the wire `0_<row>` and `<transaction>_<entry>`; no transaction has the number 0.
 */
export type ShapePosition =
  | { readonly kind: "snapshot"; readonly row: number }
  | { readonly kind: "log"; readonly xid: bigint; readonly entry: number };

export type ShapeRequest = {
  readonly table: StationShape;
  readonly position: ShapePosition;
  /** Null at the very start (`offset=-1`). */
  readonly handle: string | null;
  readonly live: boolean;
  readonly cursor: string;
};

const supportedValues: Readonly<Record<string, readonly string[]>> = {
  log: ["full"],
  // Rows are always sent whole, which is all that `full` promises for the columns' values.
  replica: ["default", "full"],
  live: ["true", "false"],
  live_sse: ["false"],
  experimental_live_sse: ["false"],
};

/** Parts of the protocol that this server does not have. Any other unknown parameter is ignored, as Electric does. */
const unsupportedName = /^(where|params(\[.*\])?|subset__.*)$/;

/** Reads the query of GET /v1/shape. Fails with shape.unsupported or request.invalid. */
export function parseShapeRequest(query: URLSearchParams): Result<ShapeRequest> {
  const unsupported = findUnsupported(query);
  if (unsupported !== null) return fail("shape.unsupported", { feature: unsupported });
  const table = query.get("table") ?? "";
  if (!isStationShape(table)) return fail("shape.unsupported", { feature: `table ${table.slice(0, 60)}` });
  if (!hasAllColumns(query.get("columns"), table))
    return fail("shape.unsupported", { feature: "a choice of columns" });

  const offset = query.get("offset") ?? "";
  const position = readOffset(offset);
  if (position === null) return fail("request.invalid", { reason: "offset must be -1 or <number>_<number>" });
  const start = offset === "-1";
  const handle = start ? null : query.get("handle");
  const live = query.get("live") === "true";
  if (!start && handle === null)
    return fail("request.invalid", { reason: "handle is required with this offset" });
  if (start && live) return fail("request.invalid", { reason: "live is not possible with offset -1" });
  return succeed({ table, position, handle, live, cursor: query.get("cursor") ?? "" });
}

function findUnsupported(query: URLSearchParams): string | null {
  for (const [name, value] of query) {
    if (unsupportedName.test(name)) return name.slice(0, 60);
    const supported = supportedValues[name];
    if (supported !== undefined && !supported.includes(value)) return `${name}=${value.slice(0, 40)}`;
  }
  return query.get("offset") === "now" ? "offset=now" : null;
}

/** The server chooses the columns; a client may name exactly these, quoted or not. */
function hasAllColumns(text: string | null, table: StationShape): boolean {
  if (text === null) return true;
  const named = text.split(",").map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
  return named.toSorted().join() === shapeColumns[table].toSorted().join();
}

function readOffset(offset: string): ShapePosition | null {
  if (offset === "-1") return { kind: "snapshot", row: 0 };
  const match = /^(\d{1,19})_(\d{1,15})$/.exec(offset);
  if (match === null) return null;
  const [xid, number] = [BigInt(match[1] ?? 0), Number(match[2])];
  return xid === 0n ? { kind: "snapshot", row: number } : { kind: "log", xid, entry: number };
}

export const formatOffset = (position: ShapePosition): string =>
  position.kind === "snapshot" ? `0_${position.row}` : `${position.xid}_${position.entry}`;

/**
 * A handle names the table's epoch and the transaction horizon of the client's own snapshot: what the log must
 * be read from afterwards. Its last part makes it new each time, since clients never accept a handle again
 * that they were once told to forget.
 */
export type ShapeHandle = { readonly table: string; readonly epoch: string; readonly horizon: bigint };

export const formatHandle = ({ table, epoch, horizon }: ShapeHandle, unique: string): string =>
  `${table}.${epoch}.${horizon}.${unique}`;

export function readHandle(handle: string): ShapeHandle | null {
  const match = /^([a-z_]{1,40})\.([0-9a-f-]{36})\.(\d{1,19})\.[0-9a-z-]{1,40}$/.exec(handle);
  if (match === null) return null;
  return { table: match[1] ?? "", epoch: match[2] ?? "", horizon: BigInt(match[3] ?? 0) };
}
