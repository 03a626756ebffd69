import { OpenApiGeneratorV31, OpenAPIRegistry } from "@asteasolutions/zod-to-openapi";
import { describeFailure, failureCatalog, type FailureCode } from "@waystation/shared/failures/catalog";
import { apiScopeSchema, rolePermissions, scopePermissions } from "@waystation/shared/model/access";
import { failureReplySchema } from "@waystation/shared/wire/cloud-http";
import { accessApi } from "../modules/access/api.ts";
import { backupsApi } from "../modules/backups/api.ts";
import { channelsApi } from "../modules/channels/api.ts";
import { customersApi } from "../modules/customers/api.ts";
import { healthApi } from "../modules/health/api.ts";
import { ingestApi } from "../modules/ingest/api.ts";
import { ordersApi } from "../modules/orders/api.ts";
import { overviewApi } from "../modules/overview/api.ts";
import { peopleApi } from "../modules/people/api.ts";
import { retentionApi } from "../modules/retention/api.ts";
import { stationsApi } from "../modules/stations/api.ts";
import { syncApi } from "../sync/api.ts";
import type { ApiCaller, ApiRoute } from "./api-route.ts";
import { pagesApi } from "./pages-api.ts";

export type ApiDocument = ReturnType<OpenApiGeneratorV31["generateDocument"]>;

/** In the order of the page; the names are its headings. */
const parts = {
  stations: stationsApi,
  facts: ingestApi,
  shapes: syncApi,
  orders: [...ordersApi, ...retentionApi],
  channels: channelsApi,
  people: peopleApi,
  customers: customersApi,
  console: [...overviewApi, ...accessApi],
  operations: [...healthApi, ...backupsApi],
  pages: pagesApi,
} as const satisfies Record<string, readonly ApiRoute[]>;

/** Every route of the cloud as OpenAPI 3.1. A test compares it with the app in both directions. */
export function describeApi(): ApiDocument {
  const registry = new OpenAPIRegistry();
  for (const [name, scheme] of Object.entries(securitySchemes))
    registry.registerComponent("securitySchemes", name, scheme);
  for (const [tag, routes] of Object.entries(parts))
    for (const route of routes) registry.registerPath(toPath(tag, route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Waystation cloud",
      version: "1",
      description:
        "Orders in, facts out. Every refusal has the same body: `{failure: {code, details}}`. Every answer bears `x-request-id`, which the log has too.",
    },
    servers: [{ url: "/" }],
    tags: Object.keys(parts).map((name) => ({ name })),
  });
}

const bearer = (description: string) => ({ type: "http", scheme: "bearer", description }) as const;
const securitySchemes = {
  stationToken: bearer("wst_...: 15 minutes, for a signed challenge"),
  customerKey: bearer("wsk_...: a customer's key, by its scopes"),
  adminToken: bearer("the installation's own token; the header `waystation-tenant` names another tenant"),
  metricsToken: bearer("where one is set; without it only this machine is let in"),
  session: { type: "apiKey", in: "cookie", name: "session", description: "a person who has signed in" },
} as const;

function toPath(tag: string, route: ApiRoute): Parameters<OpenAPIRegistry["registerPath"]>[0] {
  const names = [...route.path.matchAll(/:(\w+)/g)].flatMap(([, name]) => name ?? []);
  const parameters = [
    ...names.map((name) => ({
      name,
      in: "path" as const,
      required: true,
      schema: { type: "string" as const },
    })),
    ...Object.entries(route.query ?? {}).map(([name, { says, required = false, example }]) => ({
      name,
      in: "query" as const,
      required,
      description: says,
      schema: { type: "string" as const },
      ...(example === undefined ? {} : { example }),
    })),
  ];
  const callers = securityOf(route.caller);
  return {
    method: route.method,
    path: route.path.replaceAll(/:(\w+)/g, "{$1}"),
    operationId: nameOperation(route),
    tags: [tag],
    summary: route.summary,
    ...(callers.length === 0 ? {} : { security: callers.map((name) => ({ [name]: [] })) }),
    description: describeCaller(route.caller),
    parameters,
    ...(route.bodies === undefined
      ? {}
      : { request: { body: { required: true, content: toContent(route.bodies) } } }),
    responses: { [route.reply.status ?? 200]: toResponse(route), ...refusals(route) },
  };
}

/** `POST /v1/stations/:stationId/revoke` becomes `postStationsByStationIdRevoke`. */
const nameOperation = ({ method, path }: ApiRoute): string => {
  const words = path
    .replace(/^\/v1/, "")
    .replaceAll(":", "by-")
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
};

const toContent = (bodies: readonly ApiRoute["reply"][]) =>
  Object.fromEntries(
    bodies.map(({ schema, contentType = "application/json", example }) => [
      contentType,
      {
        schema: schema ?? (contentType === "application/json" ? {} : { type: "string" as const }),
        ...(example === undefined ? {} : { example }),
      },
    ]),
  );

const toResponse = ({ reply }: ApiRoute) => ({
  description: reply.description ?? "done",
  content: toContent([reply]),
});

/** One answer per status, with the codes it may bear and the sentence of each. */
function refusals({ caller, failures = [] }: ApiRoute): Record<string, object> {
  const codes = [...new Set<FailureCode>([...refusalsOf(caller), ...failures])];
  const byStatus = Map.groupBy(codes, (code) => failureCatalog[code].httpStatus);
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [
      String(status),
      {
        description: found
          .map((code) => `\`${code}\`: ${describeFailure({ code, details: {} })}`)
          .join("  \n"),
        content: {
          "application/json": {
            schema: failureReplySchema,
            example: { failure: { code: found[0], details: {} } },
          },
        },
      },
    ]),
  );
}

function refusalsOf(caller: ApiCaller): readonly FailureCode[] {
  if (caller === "anyone") return [];
  return caller === "person"
    ? ["access.unauthenticated", "access.origin"]
    : ["access.unauthenticated", "access.forbidden"];
}

function securityOf(caller: ApiCaller): readonly (keyof typeof securitySchemes)[] {
  switch (caller) {
    case "anyone":
      return [];
    case "inside":
      return ["metricsToken"];
    case "station":
      return ["stationToken"];
    case "person":
      return ["session"];
    case "root":
      return ["adminToken"];
    default:
      return scopesWith(caller).length > 0
        ? ["session", "adminToken", "customerKey"]
        : ["session", "adminToken"];
  }
}

function describeCaller(caller: ApiCaller): string {
  if (caller === "inside") return "This machine alone, or whoever has the metrics token.";
  if (caller === "anyone") return "No token.";
  if (caller === "station" || caller === "person" || caller === "root") return "";
  const roles = Object.entries(rolePermissions).flatMap(([role, has]) =>
    has.includes(caller) ? [role] : [],
  );
  const scopes = scopesWith(caller);
  return `Permission \`${caller}\`: ${roles.join(", ")}${scopes.length === 0 ? "" : `; keys with ${scopes.join(", ")}`}.`;
}

const scopesWith = (permission: Exclude<ApiCaller, "anyone" | "inside" | "station" | "person" | "root">) =>
  apiScopeSchema.options.filter((scope) => scopePermissions[scope].includes(permission));
