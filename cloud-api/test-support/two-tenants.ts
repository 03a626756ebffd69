import { gzipSync } from "node:zlib";
import type { ApiScope } from "@waystation/shared/model/access";
import { formatOrdersCsv, generateOrders } from "../modules/orders/generate-orders.ts";
import type { TestStation } from "./enrol-test-station.ts";
import { makeFacts } from "./make-facts.ts";
import { adminToken, type TestCloud } from "./test-cloud.ts";
import { joinCloud, openBrowser, type SignedIn } from "./test-people.ts";

export const asRoot = (tenantId = "default"): Record<string, string> => ({
  authorization: `Bearer ${adminToken}`,
  "waystation-tenant": tenantId,
});

export type Place = { readonly tenantId: string; readonly hubId: string };
export const here: Place = { tenantId: "default", hubId: "main" };
const nextDoor: Place = { tenantId: "default", hubId: "west" };
const elsewhere: Place = { tenantId: "other", hubId: "main" };

/** What one hub holds. */
export type Holding = {
  readonly place: Place;
  readonly station: TestStation;
  readonly parcelId: string;
  readonly orderId: string;
  readonly waybill: string;
};

export type World = {
  readonly here: Holding;
  /** Another hub of the same tenant, and the hub of the same name of another tenant. */
  readonly strangers: readonly Holding[];
  readonly supervisor: SignedIn;
  readonly acme: { readonly headers: Record<string, string>; readonly orderId: string };
  readonly bolt: { readonly headers: Record<string, string>; readonly orderId: string };
};

export const importAs = (cloud: TestCloud, headers: Record<string, string>, seed: number, hub?: string) =>
  importRows(cloud, headers, [...generateOrders({ seed, count: 1 })], hub);

async function importRows(
  cloud: TestCloud,
  headers: Record<string, string>,
  rows: ReturnType<typeof generateOrders> extends Iterable<infer Row> ? Row[] : never,
  hub?: string,
): Promise<{ readonly orderId: string; readonly waybill: string; readonly reply: unknown }> {
  const path = `/v1/orders/import?format=csv${hub === undefined ? "" : `&hub=${hub}`}`;
  const body = [...formatOrdersCsv(rows)].join("");
  const response = await cloud.app.request(path, { method: "POST", headers, body });
  const [row] = rows;
  return {
    orderId: String(row?.orderId),
    waybill: String(row?.waybill),
    reply: await response.json(),
  };
}

/** Uploads the four facts of one parcel. */
export async function uploadParcel(cloud: TestCloud, station: TestStation): Promise<string> {
  const { stationId } = station;
  const facts = makeFacts({ stationId, count: 4 });
  const body = gzipSync(JSON.stringify({ wireVersion: 1, stationId, logId: "log-1", facts }));
  const headers = { ...station.headers, "content-encoding": "gzip", "content-type": "application/json" };
  const path = `/v1/stations/${stationId}/facts`;
  const response = await cloud.app.request(path, { method: "POST", headers, body });
  if (response.status !== 200) throw new Error(await response.text());
  return `${stationId}-parcel-00000001`;
}

async function makeHolding(
  cloud: TestCloud,
  place: Place,
  stationId: string,
  seed: number,
): Promise<Holding> {
  const station = await cloud.register(stationId, place);
  const order = await importAs(cloud, asRoot(place.tenantId), seed, place.hubId);
  return { place, station, parcelId: await uploadParcel(cloud, station), ...order };
}

/** A customer of our hub with a key for everything, and an order of theirs. */
async function makeCustomer(cloud: TestCloud, customerId: string, seed: number) {
  const headers = await makeKey(cloud, customerId, ["orders:read", "orders:write", "parcels:read"]);
  return { headers, orderId: (await importAs(cloud, headers, seed)).orderId };
}

export async function makeKey(
  cloud: TestCloud,
  customerId: string,
  scopes: readonly ApiScope[],
): Promise<{ authorization: string }> {
  const { send } = openBrowser(cloud);
  await send("POST", "/v1/customers", { customerId, name: customerId, hubId: here.hubId }, asRoot());
  const answer = await send("POST", `/v1/customers/${customerId}/keys`, { name: "k", scopes }, asRoot());
  return { authorization: `Bearer ${(answer.body as { key: string }).key}` };
}

/** Two tenants, three hubs, and somebody in each of them. */
export async function makeWorld(cloud: TestCloud): Promise<World> {
  const { send } = openBrowser(cloud);
  await send("POST", "/v1/tenants", { tenantId: "other", name: "Other" }, asRoot());
  await send("POST", "/v1/hubs", { hubId: "main", name: "Main" }, asRoot("other"));
  await send("POST", "/v1/hubs", { hubId: "west", name: "West" }, asRoot());
  return {
    here: await makeHolding(cloud, here, "own-1", 101),
    strangers: [
      await makeHolding(cloud, nextDoor, "west-1", 102),
      await makeHolding(cloud, elsewhere, "other-1", 103),
    ],
    supervisor: await joinCloud(
      cloud,
      "supervisor@example.com",
      [{ role: "supervisor", hubId: here.hubId }],
      asRoot(),
    ),
    acme: await makeCustomer(cloud, "acme", 104),
    bolt: await makeCustomer(cloud, "bolt", 105),
  };
}
