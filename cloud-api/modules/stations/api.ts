import {
  challengeReplySchema,
  enrolReplySchema,
  enrolRequestSchema,
  stationReportReplySchema,
  stationReportSchema,
  tokenReplySchema,
  tokenRequestSchema,
} from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import { createHubSchema, createTenantSchema } from "./create-hub.ts";
import { prepareStationSchema } from "./prepare-station.ts";
import type { HubRow, PreparedStation, StationRow } from "../overview/console-contract.ts";

const preparedSchema: z.ZodType<PreparedStation> = z.object({
  stationId: z.string(),
  hubId: z.string(),
  code: z.string(),
  expiresAt: z.iso.datetime(),
});
const rowSchema: z.ZodType<StationRow> = z.object({
  stationId: z.string(),
  name: z.string(),
  hubId: z.string(),
  state: z.enum(["waiting", "enrolled", "revoked"]),
  enrolledAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastSeenAt: z.string().nullable(),
  factsReceived: z.int(),
  factsNotDurable: z.int(),
  backlog: z.int().nullable(),
  report: stationReportSchema
    .pick({
      appVersion: true,
      wireVersion: true,
      bootId: true,
      ordersVisible: true,
      disk: true,
      lanes: true,
      devices: true,
    })
    .extend({ reportedAt: z.string(), clockOffsetMs: z.int() })
    .nullable(),
});
const hubSchema: z.ZodType<HubRow> = z.object({ hubId: z.string(), name: z.string(), stations: z.int() });
const key = "2ry0sFd1J8Kq0Zl6mXhP9vT4uWcE7nBaGoQeIyRtLkM";

/** `POST` twice: what revoking does, restoring undoes. */
const switches = (["revoke", "restore"] as const).map(
  (word): ApiRoute => ({
    method: "post",
    path: `/v1/stations/:stationId/${word}`,
    summary:
      word === "revoke"
        ? "Ends every token of the station at once; held requests end too."
        : "Lets a revoked station come in again with its key.",
    caller: "stations.manage",
    reply: { schema: z.object({ stationId: z.string(), revoked: z.boolean() }).partial() },
    failures: ["resource.unknown"],
  }),
);

export const stationsApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/stations",
    summary: "Makes a station known, or ready to enrol again, and gives its one-time code.",
    caller: "stations.manage",
    bodies: [{ schema: prepareStationSchema, example: { stationId: "belt-1", name: "Belt 1" } }],
    reply: { status: 201, schema: preparedSchema },
    failures: ["request.invalid", "name.taken"],
  },
  {
    method: "post",
    path: "/v1/enrolments",
    summary:
      "A station spends its code and leaves its public key. The same code with the same key answers again.",
    caller: "anyone",
    bodies: [
      { schema: enrolRequestSchema, example: { code: "ABCDE-FGHJK", publicKey: key, appVersion: "0.1.0" } },
    ],
    reply: { schema: enrolReplySchema },
    failures: ["request.invalid", "enrolment.refused", "request.too-many"],
  },
  {
    method: "post",
    path: "/v1/stations/:stationId/challenges",
    summary: "A number used once, for the station to sign.",
    caller: "anyone",
    reply: { schema: challengeReplySchema },
    failures: ["access.unauthenticated"],
  },
  {
    method: "post",
    path: "/v1/stations/:stationId/tokens",
    summary: "A short token for the signed number.",
    caller: "anyone",
    bodies: [{ schema: tokenRequestSchema }],
    reply: { schema: tokenReplySchema },
    failures: ["request.invalid", "access.unauthenticated", "request.too-many"],
  },
  {
    method: "put",
    path: "/v1/stations/:stationId/report",
    summary: "What the station says of itself: versions, lanes, devices, disk, clock.",
    caller: "station",
    bodies: [{ schema: stationReportSchema }],
    reply: { schema: stationReportReplySchema },
    failures: ["request.invalid"],
  },
  ...switches,
  {
    method: "post",
    path: "/v1/hubs",
    summary: "A new hub of the tenant.",
    caller: "stations.manage",
    bodies: [{ schema: createHubSchema, example: { hubId: "north", name: "North" } }],
    reply: { status: 201, schema: createHubSchema },
    failures: ["request.invalid", "name.taken"],
  },
  {
    method: "post",
    path: "/v1/tenants",
    summary: "A new tenant, without hubs.",
    caller: "root",
    bodies: [{ schema: createTenantSchema, example: { tenantId: "acme", name: "Acme" } }],
    reply: { status: 201, schema: createTenantSchema },
    failures: ["request.invalid", "name.taken"],
  },
  {
    method: "get",
    path: "/v1/console/stations",
    summary: "Stations with what they last said of themselves, by id.",
    caller: "stations.read",
    query: { after: { says: "the `next` of the page before" } },
    reply: { schema: z.object({ items: z.array(rowSchema), next: z.string().nullable() }) },
  },
  {
    method: "get",
    path: "/v1/console/hubs",
    summary: "Hubs within reach.",
    caller: "stations.read",
    reply: { schema: z.object({ items: z.array(hubSchema) }) },
  },
];
