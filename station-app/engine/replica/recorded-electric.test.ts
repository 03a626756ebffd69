import { expect, test } from "vitest";
import { fetchRecorded } from "../../test/support/fetch-recorded.ts";
import { makeParts } from "../../test/support/scripted-shapes.ts";
import { testChannel, testSortPlan } from "../../test/support/station-bench.ts";

test("a recorded exchange of Electric leaves exactly the rows it ends with", async () => {
  const found = await fetchRecorded();
  const parts = [makeParts(1), makeParts(2, { revision: 2, city: "Leipzig" }), makeParts(4)];
  expect(found.orders).toEqual(
    parts.map(({ orders, releases }) => ({
      order_id: orders.order_id,
      revision: Number(orders.revision),
      parts_hash: releases.parts_hash,
      label_kind: "house",
      body: orders.body,
    })),
  );
  expect(found.labels).toEqual(parts.map(({ shipments: { order_id, body } }) => ({ order_id, body })));
  expect([found.pending_orders, found.pending_shipments]).toEqual([[], []]);
  expect(found.identifiers).toHaveLength(6);
  expect(found.channels).toEqual([
    { code: "PKT", version: 4, body: JSON.stringify({ ...testChannel, version: 4 }) },
  ]);
  expect(found.sort_plans).toEqual([{ plan_id: "main", version: 7, body: JSON.stringify(testSortPlan) }]);
});
