import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import { describe, expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { type KillPlan, killOneByOne } from "./kill-one-by-one.ts";

const rounds = 20;
const repeat = <T>(victims: readonly T[]): T[] => Array.from({ length: rounds }, () => victims).flat();

async function play(plan: Omit<KillPlan, "orders">): Promise<void> {
  const { killed, whole } = await killOneByOne(openResources(), { ...plan, orders: 4000 });
  console.log(JSON.stringify({ seed: plan.seed, killed, whole }));
  const deaths = Object.values(killed).reduce((sum, count) => sum + count, 0);
  expect(deaths).toBe(plan.victims.length);
  expect(Object.keys(killed).some((name) => name.endsWith("in the middle"))).toBe(true);
  expect(whole.accepted).toBeGreaterThan(plan.victims.length);
}

test.each([31, 32])(
  "cloud and engine die in turn, embedded database, seed %i",
  (seed) => play({ database: "embedded", seed, victims: repeat(["cloud", "engine"]) }),
  1_200_000,
);

describe.skipIf(postgresMissing !== null)(
  `on PostgreSQL${postgresMissing === null ? "" : ` (${postgresMissing})`}`,
  () => {
    test("PostgreSQL, one of its backends, cloud and engine die in turn", async () => {
      await play({
        database: "postgres",
        seed: 33,
        victims: repeat(["postmaster", "backend", "cloud", "engine"]),
      });
    }, 1_800_000);
  },
);
