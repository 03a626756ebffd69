import { postgresMissing } from "@waystation/cloud-api/test-support/postgres-server";
import { describe, expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { killOneByOne } from "./kill-one-by-one.ts";

describe.skipIf(postgresMissing !== null)(
  `PostgreSQL${postgresMissing === null ? "" : ` (${postgresMissing})`}`,
  () => {
    test("dies in the middle of uploads, one backend and whole: the cloud goes on without a restart", async () => {
      const seed = 21;
      const { killed, whole } = await killOneByOne(openResources(), {
        database: "postgres",
        seed,
        victims: ["backend", "postmaster"],
        orders: 200,
      });
      console.log(JSON.stringify({ seed, killed, whole }));
      expect(whole.accepted).toBeGreaterThan(2);
    }, 180_000);
  },
);
