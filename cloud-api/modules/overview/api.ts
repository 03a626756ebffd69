import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import type {
  FactView,
  OrderView,
  Overview,
  Page,
  ParcelView,
  StationCounts,
  StationDetail,
} from "./console-contract.ts";

const text = z.string().nullable();
const number = z.number().nullable();
const count = z.record(z.string(), z.int());

const orderSchema: z.ZodType<OrderView> = z.object({
  orderId: z.string(),
  revision: z.int(),
  waybill: z.string(),
  trackingNumber: text,
  reference: text,
  channelCode: z.string(),
  status: z.string(),
  weightGrams: z.int(),
  country: z.string(),
  consigneeName: z.string(),
  labelKind: z.string(),
});
const parcelSchema: z.ZodType<ParcelView> = z.object({
  stationId: z.string(),
  parcelId: z.string(),
  lane: text,
  barcode: text,
  weightGrams: number,
  orderId: text,
  channelCode: text,
  verdict: text,
  outcome: text,
  reasons: z.unknown(),
  chute: number,
  labelState: text,
  divertState: text,
  factCount: z.int(),
  lastOccurredAt: z.string(),
});
const factSchema: z.ZodType<FactView> = z.object({
  stationId: z.string(),
  logId: z.string(),
  sequence: z.int(),
  type: z.string(),
  version: z.int(),
  lane: text,
  parcelId: text,
  occurredAt: z.string(),
  receivedAt: z.string(),
  payload: z.unknown(),
});
const overviewSchema: z.ZodType<Overview> = z.object({
  orders: z.int(),
  parcels: count,
  facts: z.int(),
  alarms: z.int(),
  stations: z.array(
    z.object({
      stationId: z.string(),
      name: z.string(),
      logs: z.int(),
      factsReceived: z.int(),
      factsNotDurable: z.int(),
      lastReceivedAt: text,
    }),
  ),
});
const countsSchema: z.ZodType<StationCounts> = z.object({
  outcomes: count,
  factTypes: count,
  received: z.int(),
});
const detailSchema: z.ZodType<StationDetail> = z.object({
  logs: z.array(
    z.object({ logId: z.string(), receivedThrough: z.int(), durableThrough: z.int(), updatedAt: z.string() }),
  ),
  alarms: z.array(
    z.object({
      alarmId: z.int(),
      logId: z.string(),
      sequence: z.int(),
      kind: z.string(),
      raisedAt: z.string(),
    }),
  ),
});
const page = <T>(item: z.ZodType<T>): z.ZodType<Page<T>> => z.object({ items: z.array(item), next: text });
const paged = { search: { says: "part of an id" }, after: { says: "the `next` of the page before" } };

export const overviewApi: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/console/overview",
    summary: "Counts of everything within reach.",
    caller: "overview.read",
    reply: { schema: overviewSchema },
  },
  {
    method: "get",
    path: "/v1/console/orders",
    summary: "Orders, newest import first.",
    caller: "orders.read",
    query: paged,
    reply: { schema: page(orderSchema) },
  },
  {
    method: "get",
    path: "/v1/console/parcels",
    summary: "Parcels, newest first.",
    caller: "parcels.read",
    query: paged,
    reply: { schema: page(parcelSchema) },
  },
  {
    method: "get",
    path: "/v1/console/facts",
    summary: "Facts, newest first.",
    caller: "facts.read",
    query: paged,
    reply: { schema: page(factSchema) },
  },
  {
    method: "get",
    path: "/v1/console/stations/:stationId",
    summary: "Logs and alarms of one station.",
    caller: "stations.read",
    reply: { schema: detailSchema },
  },
  {
    method: "get",
    path: "/v1/console/stations/:stationId/counts",
    summary: "Everything one station ever sent, counted.",
    caller: "facts.read",
    reply: { schema: countsSchema },
  },
  {
    method: "get",
    path: "/v1/console/parcels/:stationId/:parcelId/facts",
    summary: "The facts of one parcel, in order.",
    caller: "facts.read",
    reply: { schema: z.object({ items: z.array(factSchema) }) },
  },
  {
    method: "get",
    path: "/v1/console/changes",
    summary: "A stream of events: `change` whenever something a page shows may be another.",
    caller: "overview.read",
    reply: { contentType: "text/event-stream", example: "event: change\ndata:\n\n" },
    failures: ["cloud.busy"],
  },
];
