import { expect, test } from "vitest";
import { makeBatch, makeFacts } from "../../test-support/make-facts.ts";
import { asStation, describeOnEachDatabase } from "../../test-support/test-cloud.ts";
import { ingestFacts } from "./ingest-facts.ts";
import { projectLateFacts } from "./project-late-facts.ts";

describeOnEachDatabase("facts that come before their meaning", (open) => {
  test("facts it does not know are folded in once it does, in the order of their log", async () => {
    const cloud = open();
    await cloud.register("late");
    const facts = makeFacts({ stationId: "late", count: 4 });
    await ingestFacts(cloud.database, asStation("late"), makeBatch("late", facts));
    const { kysely } = cloud.database;
    const parcel = () =>
      kysely.selectFrom("parcels").selectAll().where("station_id", "=", "late").executeTakeFirstOrThrow();
    const { updated_at: _, ...whole } = await parcel();
    // As a cloud would have left it that did not know `parcel.weighed.v1` when it came.
    const parcelId = whole.parcel_id;
    await kysely
      .updateTable("parcels")
      .set({ weight_grams: null, outcome: null })
      .where("parcel_id", "=", parcelId)
      .execute();
    const row = { station_id: "late", log_id: "log-1", parcel_id: parcelId };
    await kysely
      .insertInto("facts_to_project")
      .values([
        { ...row, sequence: 3, name: "parcel.weighed.v1" },
        { ...row, sequence: 4, name: "parcel.teleported.v3" },
      ])
      .execute();

    expect(await projectLateFacts(kysely)).toBe(1);
    const { updated_at: __, ...rebuilt } = await parcel();
    expect(rebuilt).toEqual(whole);
    const left = await kysely
      .selectFrom("facts_to_project")
      .select("name")
      .where("station_id", "=", "late")
      .execute();
    expect(left).toEqual([{ name: "parcel.teleported.v3" }]);
    expect(await projectLateFacts(kysely)).toBe(0);
  });
});
