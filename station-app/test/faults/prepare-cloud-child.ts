/** Prepares a cloud from inside its own network: `node prepare-cloud-child.ts '{"url","keyFile","orders"}'`. */
import { createCloudClient } from "../../cli/start/call-cloud.ts";
import { planOrder } from "../scenarios/station-under-test.ts";
import { adminToken } from "./cloud-process.ts";
import { importOrders, prepareCloud, showTracking } from "./run.ts";

type Wish =
  | { readonly url: string; readonly keyFile: string; readonly orders: number }
  | { readonly url: string; readonly order: number };

const wish = JSON.parse(process.argv[2] ?? "{}") as Wish;
const client = createCloudClient(wish.url, adminToken);
if ("order" in wish) await importOrders(client, [showTracking(planOrder(wish.order))]);
else await prepareCloud({ client, url: wish.url }, wish.keyFile, wish.orders);
