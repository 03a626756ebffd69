import type { Transaction } from "kysely";
import { z } from "zod";
import { channelSchema } from "@waystation/shared/model/channel";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type Actor, recordAudit } from "../access/audit.ts";
import { describeIssues } from "../../config/cloud-config.ts";
import type { Database } from "../../db/connect.ts";
import type { CloudTables } from "../../db/tables.ts";

export const importChannelsSchema = z.object({
  channels: z.array(channelSchema).max(1000).default([]),
  sortPlans: z.array(sortPlanSchema).max(100).default([]),
});

/** Channels are the tenant's, sort plans the hub's. */
type ChannelOwner = { readonly tenantId: string; readonly hubId: string };
type Table = "channels" | "sort_plans";
type Item = { readonly key: string; readonly version: number; readonly body: string };

/**
 * Writes channels and sort plans. A fact names the version it was judged by, so one version has one content:
 * new content needs a higher version, equal content changes nothing. All or nothing; fails with request.invalid.
 */
export async function importChannels(
  database: Database,
  owner: ChannelOwner,
  actor: Actor,
  input: unknown,
): Promise<Result<{ changed: number; unchanged: number }>> {
  const parsed = importChannelsSchema.safeParse(input);
  if (!parsed.success) return fail("request.invalid", { reason: describeIssues(parsed.error) });
  const channels = parsed.data.channels.map((channel) => toItem(channel.code, channel));
  const plans = parsed.data.sortPlans.map((plan) => toItem(plan.planId, plan));
  return database.kysely.transaction().execute(async (tx) => {
    const changedChannels = await findChanged(tx, owner, "channels", channels);
    if (!changedChannels.ok) return changedChannels;
    const changedPlans = await findChanged(tx, owner, "sort_plans", plans);
    if (!changedPlans.ok) return changedPlans;
    await writeItems(tx, owner, "channels", changedChannels.value);
    await writeItems(tx, owner, "sort_plans", changedPlans.value);
    const changed = changedChannels.value.length + changedPlans.value.length;
    const details = { changed, hubId: owner.hubId };
    if (changed > 0)
      await recordAudit(tx, actor, { action: "channels.imported", subject: "channels", details });
    return succeed({ changed, unchanged: channels.length + plans.length - changed });
  });
}

const toItem = (key: string, value: { version: number }): Item => ({
  key,
  version: value.version,
  body: JSON.stringify(value),
});

async function findChanged(
  tx: Transaction<CloudTables>,
  owner: ChannelOwner,
  table: Table,
  items: readonly Item[],
): Promise<Result<Item[]>> {
  const stored = new Map((await readItems(tx, owner, table)).map((item) => [item.key, item]));
  const changed: Item[] = [];
  for (const item of items) {
    const before = stored.get(item.key);
    if (before?.body === item.body) continue;
    if (before !== undefined && item.version <= before.version)
      return fail("request.invalid", {
        reason: `${item.key}: other content needs a version above ${before.version}`,
      });
    stored.set(item.key, item);
    changed.push(item);
  }
  return succeed(changed);
}

function readItems(
  tx: Transaction<CloudTables>,
  { tenantId, hubId }: ChannelOwner,
  table: Table,
): Promise<Item[]> {
  if (table === "channels")
    return tx
      .selectFrom("channels")
      .select(["code as key", "version", "body"])
      .where("tenant_id", "=", tenantId)
      .execute();
  return tx
    .selectFrom("sort_plans")
    .select(["plan_id as key", "version", "body"])
    .where("tenant_id", "=", tenantId)
    .where("hub_id", "=", hubId)
    .execute();
}

async function writeItems(
  tx: Transaction<CloudTables>,
  { tenantId: tenant_id, hubId: hub_id }: ChannelOwner,
  table: Table,
  items: readonly Item[],
): Promise<void> {
  for (const { key, version, body } of items) {
    if (table === "channels")
      await tx
        .insertInto("channels")
        .values({ tenant_id, code: key, version, body })
        .onConflict((conflict) => conflict.columns(["tenant_id", "code"]).doUpdateSet({ version, body }))
        .execute();
    else
      await tx
        .insertInto("sort_plans")
        .values({ tenant_id, hub_id, plan_id: key, version, body })
        .onConflict((conflict) =>
          conflict.columns(["tenant_id", "hub_id", "plan_id"]).doUpdateSet({ version, body }),
        )
        .execute();
  }
}
