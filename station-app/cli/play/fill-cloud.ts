import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatOrdersCsv, generateOrders } from "@waystation/cloud-api/modules/orders/generate-orders";
import { type Result, succeed } from "@waystation/shared/failures/result";
import { type ImportReply, importReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import type { CloudClient } from "../start/call-cloud.ts";
import { importOrderFile } from "../start/prepare-cloud.ts";
import type { Progress } from "../start/progress.ts";
import type { StartOptions } from "../start/start-options.ts";

const fixture = (name: string): string =>
  fileURLToPath(import.meta.resolve(`@waystation/fixtures/orders/${name}`));

/** Channels and sort plan of the demonstration, and the orders: a file's, the sample's, or as many as parcels are wanted. */
export async function fillCloud(
  cloud: CloudClient,
  options: StartOptions,
  progress: Progress,
): Promise<Result<ImportReply>> {
  const settings = await importSettings(cloud);
  if (!settings.ok) return settings;
  const imported = await progress.step("orders", () => importOrders(cloud, options));
  if (imported.ok) tellAboutImport(imported.value, options, progress);
  return imported;
}

async function importSettings(cloud: CloudClient): Promise<Result<unknown>> {
  const channels: unknown = JSON.parse(readFileSync(fixture("channels.json"), "utf8"));
  const sortPlan: unknown = JSON.parse(readFileSync(fixture("sort-plan.json"), "utf8"));
  return cloud(
    { path: "/v1/channels/import", body: JSON.stringify({ channels, sortPlans: [sortPlan] }) },
    z.unknown(),
  );
}

function importOrders(cloud: CloudClient, options: StartOptions): Promise<Result<ImportReply>> {
  if (options.orders !== undefined) return importOrderFile(cloud, options.orders);
  return options.parcels === undefined
    ? importOrderFile(cloud, fixture("sample-orders.csv"))
    : importGenerated(cloud, { seed: options.seed, count: options.parcels });
}

const rowsPerImport = 5000;

/** Made-up orders, in bites that neither side has to hold whole. */
export async function importGenerated(
  cloud: CloudClient,
  what: { readonly seed: number; readonly count: number },
): Promise<Result<ImportReply>> {
  let total: ImportReply = { read: 0, imported: 0, unchanged: 0, rejected: [], rejectedCount: 0 };
  let rows: ReturnType<typeof generateOrders> extends Generator<infer Row> ? Row[] : never = [];
  const send = async (): Promise<Result<ImportReply>> => {
    const body = [...formatOrdersCsv(rows)].join("");
    rows = [];
    return cloud({ path: "/v1/orders/import?format=csv", body }, importReplySchema);
  };
  for (const row of generateOrders(what)) {
    rows.push(row);
    if (rows.length < rowsPerImport) continue;
    const reply = await send();
    if (!reply.ok) return reply;
    total = addReplies(total, reply.value);
  }
  if (rows.length === 0) return succeed(total);
  const reply = await send();
  return reply.ok ? succeed(addReplies(total, reply.value)) : reply;
}

const addReplies = (one: ImportReply, other: ImportReply): ImportReply => ({
  read: one.read + other.read,
  imported: one.imported + other.imported,
  unchanged: one.unchanged + other.unchanged,
  rejected: [...one.rejected, ...other.rejected].slice(0, 1000),
  rejectedCount: one.rejectedCount + other.rejectedCount,
});

const shownRows = 20;

function tellAboutImport(
  { read, imported, unchanged, rejected, rejectedCount }: ImportReply,
  { orders }: StartOptions,
  progress: Progress,
): void {
  progress.event({ event: "imported", read, imported, unchanged, rejectedCount, rejected });
  progress.say(
    `${imported} orders imported, ${unchanged} unchanged, ${rejectedCount} rows refused${orders === undefined ? "" : ` from ${orders}`}.`,
  );
  for (const { line, reason } of rejected.slice(0, shownRows)) progress.say(`  line ${line}: ${reason}`);
  if (rejectedCount > shownRows) progress.say(`  ... and ${rejectedCount - shownRows} more`);
}
