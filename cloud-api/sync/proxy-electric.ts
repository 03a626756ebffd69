import { shapeColumns, type StationShape } from "@waystation/shared/wire/cloud-http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudConfig } from "../config/cloud-config.ts";
import { scopeValues, type StationScope } from "./shape-definitions.ts";

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

/** What an answer may say to a station. Encoding and length change on the way, and nothing else is its business. */
const passedHeaders = [
  "content-type",
  "electric-cursor",
  "electric-handle",
  "electric-has-data",
  "electric-offset",
  "electric-schema",
  "electric-up-to-date",
  "etag",
  "retry-after",
];

export type ProxiedRequest = {
  readonly shape: StationShape;
  readonly query: URLSearchParams;
  readonly station: StationScope;
  /** The client's `if-none-match`, the one header that is passed on; null: none. */
  readonly knownEtag: string | null;
};

/**
 * Passes an authorised request to a real Electric service: a request of our own, with nothing of the station's in it
 * but its place in the shape. Fails with cloud.unreachable or, where Electric refuses us, cloud.faulted.
 */
export async function proxyShape(
  request: ProxiedRequest,
  config: CloudConfig,
  signal: AbortSignal,
): Promise<Result<Response>> {
  try {
    const headers: Record<string, string> =
      request.knownEtag === null ? {} : { "if-none-match": request.knownEtag };
    const response = await fetch(electricAddress(request, config), { signal, headers, redirect: "error" });
    // Our secret or our address is wrong: the station's token is not to blame and must not be thrown away for it.
    if ([401, 403, 404].includes(response.status)) {
      await response.body?.cancel();
      return fail("cloud.faulted", {}, `Electric answered ${response.status}`);
    }
    return succeed(
      new Response(response.body, { status: response.status, headers: rewriteHeaders(response) }),
    );
  } catch {
    // The cause would name the address, and the secret is part of it.
    return fail("cloud.unreachable");
  }
}

function rewriteHeaders(response: Response): Headers {
  const headers = new Headers();
  for (const name of passedHeaders) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  headers.set("cache-control", makePrivate(response.headers.get("cache-control")));
  headers.set("vary", "authorization");
  return headers;
}

/** The same ages, but for this one client: a cache between us must not serve one station's rows to another. */
function makePrivate(cacheControl: string | null): string {
  const kept = (cacheControl ?? "no-store")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !/^(public|private|s-maxage=.*|proxy-revalidate)$/i.test(part));
  return ["private", ...kept].join(", ");
}

export function electricAddress(
  { shape, query, station }: Omit<ProxiedRequest, "knownEtag">,
  config: CloudConfig,
): URL {
  const address = new URL("v1/shape", `${(config.electricUrl ?? "").replace(/\/*$/, "")}/`);
  const set = (name: string, value: string): void => address.searchParams.set(name, value);
  for (const name of clientParameters) {
    const value = query.get(name);
    if (value !== null) set(name, value);
  }
  const scope = scopeValues(shape, station);
  const columns = electricColumns(shape);
  set("table", shape);
  set("columns", columns.map((column) => `"${column}"`).join(","));
  set("where", scope.map(([column], place) => `"${column}" = $${place + 1}`).join(" AND "));
  for (const [place, [, value]] of scope.entries()) set(`params[${place + 1}]`, value);
  if (config.electricSecret !== undefined) set("secret", config.electricSecret.reveal());
  return address;
}

/** Electric wants every column of the primary key, whether or not a station has use for it. */
const electricColumns = (shape: StationShape): readonly string[] => [
  ...new Set([...shapeKeyColumns[shape], ...shapeColumns[shape]]),
];

const shapeKeyColumns: Readonly<Record<StationShape, readonly string[]>> = {
  orders: ["tenant_id"],
  shipments: ["tenant_id"],
  releases: ["tenant_id"],
  channels: ["tenant_id"],
  sort_plans: ["tenant_id", "hub_id"],
  acknowledgements: [],
};
