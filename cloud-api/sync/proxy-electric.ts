import { shapeColumns } from "@waystation/shared/wire/cloud-http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudConfig } from "../config/cloud-config.ts";
import { shapeDefinitions } from "./shape-definitions.ts";
import type { ShapeRequest } from "./shape-request.ts";

/** What a client may say for itself; table, columns, condition and secret are ours. */
const clientParameters = [
  "live",
  "handle",
  "offset",
  "cursor",
  "log",
  "replica",
  "expired_handle",
  "cache-buster",
];

/** Body and encoding change on the way through fetch; a cache between us must not serve one station's rows to another. */
const droppedHeaders = [
  "content-encoding",
  "content-length",
  "transfer-encoding",
  "connection",
  "cache-control",
  "vary",
];

/** Passes an authorised request to a real Electric service. Fails with cloud.unreachable. */
export async function proxyShape(
  request: ShapeRequest,
  query: URLSearchParams,
  stationId: string,
  config: CloudConfig,
  signal: AbortSignal,
): Promise<Result<Response>> {
  try {
    const response = await fetch(electricAddress(request, query, stationId, config), { signal });
    const headers = new Headers(response.headers);
    for (const name of droppedHeaders) headers.delete(name);
    headers.set("cache-control", "private");
    return succeed(new Response(response.body, { status: response.status, headers }));
  } catch (error) {
    return fail("cloud.unreachable", {}, error);
  }
}

export function electricAddress(
  request: ShapeRequest,
  query: URLSearchParams,
  stationId: string,
  config: CloudConfig,
): URL {
  const address = new URL("v1/shape", `${(config.electricUrl ?? "").replace(/\/*$/, "")}/`);
  for (const name of clientParameters) {
    const value = query.get(name);
    if (value !== null) address.searchParams.set(name, value);
  }
  address.searchParams.set("table", request.table);
  address.searchParams.set("columns", shapeColumns[request.table].map((column) => `"${column}"`).join(","));
  const { scopeColumn } = shapeDefinitions[request.table];
  if (scopeColumn !== null) {
    address.searchParams.set("where", `"${scopeColumn}" = $1`);
    address.searchParams.set("params[1]", stationId);
  }
  if (config.electricSecret !== undefined) address.searchParams.set("secret", config.electricSecret.reveal());
  return address;
}
