import { test } from "vitest";
import { surviveOutage } from "./cloud-outage.ts";

test("forty parcels without a cloud; when it is back it has every fact once", { timeout: 180_000 }, () =>
  surviveOutage({ olderFacts: 0, dieInDraining: false }),
);
