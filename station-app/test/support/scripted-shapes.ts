import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createHash } from "node:crypto";
import type { Shipment } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import type { StationShape } from "@waystation/shared/wire/cloud-http";
import { testChannel, testOrder, testSortPlan } from "./station-bench.ts";

type Row = Readonly<Record<string, string | null>>;
type Change = { readonly operation: string; readonly row: Row };
type Table = { handle: string; readonly rows: Map<string, Row>; log: Change[]; snapshot: Row[] };

export type ScriptedShapes = Awaited<ReturnType<typeof serveScriptedShapes>>;

const keyColumns: Readonly<Record<string, string>> = { channels: "code", sort_plans: "plan_id" };
const keyOf = (table: string, row: Row): string => row[keyColumns[table] ?? "order_id"] ?? "";

/**
 * A shape server on the loopback whose tables a test changes by hand and whose handles it invalidates when it likes.
 * An answer can be held back, refused or replaced, one request at a time.
 */
export async function serveScriptedShapes(options: { readonly chunkRows?: number } = {}) {
  const chunkRows = options.chunkRows ?? 1000;
  const tables = new Map<string, Table>();
  const waiting = new Set<() => void>();
  const requests: URL[] = [];
  let handles = 0;
  /** Answers a request itself when it returns true. */
  let intercept: (
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean> = () => false;

  const tableOf = (name: string): Table => {
    const found = tables.get(name) ?? { handle: nextHandle(name), rows: new Map(), log: [], snapshot: [] };
    tables.set(name, found);
    return found;
  };
  const nextHandle = (name: string): string => `${name}-${++handles}`;

  function wake(): void {
    const woken = [...waiting];
    waiting.clear();
    for (const resume of woken) resume();
  }

  function change(name: StationShape, operation: "insert" | "update" | "delete", row: Row): void {
    const table = tableOf(name);
    const key = keyOf(name, row);
    if (operation === "delete") table.rows.delete(key);
    else table.rows.set(key, { ...table.rows.get(key), ...row });
    table.log.push({ operation, row });
    wake();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    requests.push(url);
    if (await intercept(url, request, response)) return;
    const name = url.searchParams.get("table") ?? "";
    const offset = url.searchParams.get("offset") ?? "-1";
    const handle = url.searchParams.get("handle");
    if (handle !== null && handle !== tableOf(name).handle) return refuse(response, name);
    if (offset === "-1") tableOf(name).snapshot = [...tableOf(name).rows.values()];
    const live = url.searchParams.get("live") === "true";
    if (live) await waitForChange(name, Number(offset.split("_")[1]), request);
    const table = tableOf(name);
    if (handle !== null && handle !== table.handle) return refuse(response, name);
    const { changes, next, upToDate } = readPage(table, offset);
    const messages: unknown[] = changes.map(({ operation, row }) => ({
      key: `"public"."${name}"/"${keyOf(name, row)}"`,
      value: row,
      headers: { operation, relation: ["public", name] },
    }));
    if (upToDate) messages.push({ headers: { control: "up-to-date", global_last_seen_lsn: "1" } });
    response.writeHead(200, {
      "content-type": "application/json",
      "electric-handle": table.handle,
      "electric-offset": next,
      ...(live ? { "electric-cursor": String(requests.length) } : { "electric-schema": "{}" }),
      ...(upToDate ? { "electric-up-to-date": "" } : {}),
    });
    response.end(JSON.stringify(messages));
  }

  function refuse(response: ServerResponse, name: string): void {
    response.writeHead(409, { "content-type": "application/json", "electric-handle": tableOf(name).handle });
    response.end('[{"headers":{"control":"must-refetch"}}]');
  }

  /** `0_<n>`: n rows of the snapshot were sent; `1_<n>`: n entries of the log. */
  function readPage(table: Table, offset: string): { changes: Change[]; next: string; upToDate: boolean } {
    const [part, at] = offset === "-1" ? [0, 0] : offset.split("_").map(Number);
    if (part === 0) {
      const rows = table.snapshot.slice(at, (at ?? 0) + chunkRows);
      const sent = (at ?? 0) + rows.length;
      const next = sent >= table.snapshot.length ? `1_${table.log.length}` : `0_${sent}`;
      return { changes: rows.map((row) => ({ operation: "insert", row })), next, upToDate: false };
    }
    return { changes: table.log.slice(at), next: `1_${table.log.length}`, upToDate: true };
  }

  function waitForChange(name: string, at: number, request: IncomingMessage): Promise<void> {
    const { handle, log } = tableOf(name);
    if (log.length > at) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        const table = tableOf(name);
        if (table.log.length > at || table.handle !== handle || request.destroyed) return resolve();
        waiting.add(look);
      };
      waiting.add(look);
      request.once("close", () => resolve());
    });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    change,
    /** An order with its parts in the order given. */
    putOrder(number: number, put: PutOrder = {}): void {
      const parts = makeParts(number, put);
      for (const part of put.sequence ?? (["orders", "shipments", "releases"] as const))
        change(part, "insert", parts[part]);
    },
    putSettings(): void {
      change("channels", "insert", { code: "PKT", version: "3", body: JSON.stringify(testChannel) });
      change("sort_plans", "insert", { plan_id: "main", version: "7", body: JSON.stringify(testSortPlan) });
    },
    /** The rows as they are now under another handle: whoever follows the shape is sent back to its beginning. */
    invalidate(name: StationShape, change: (rows: Map<string, Row>) => void = () => undefined): void {
      const table = tableOf(name);
      change(table.rows);
      table.handle = nextHandle(name);
      table.log = [];
      wake();
    },
    intercept(next: typeof intercept): void {
      intercept = next;
    },
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type PutOrder = {
  readonly revision?: number;
  readonly city?: string;
  readonly label?: Shipment["label"];
  readonly sequence?: readonly ("orders" | "shipments" | "releases")[];
};

/** The three rows of one revision of an order, as the cloud writes them. */
export function makeParts(
  number: number,
  { revision = 1, city = "Berlin", label = { kind: "house" } }: PutOrder = {},
) {
  const order = testOrder(number);
  const body = JSON.stringify({ ...order, consignee: { ...order.consignee, city } });
  const { orderId: order_id } = order;
  const shipment = JSON.stringify({ orderId: order_id, label });
  const row = { order_id, revision: String(revision) };
  const parts_hash = createHash("sha256").update(releaseText(body, shipment)).digest("hex");
  return {
    orders: { ...row, body },
    shipments: { ...row, body: shipment },
    releases: { ...row, parts_hash },
  };
}
