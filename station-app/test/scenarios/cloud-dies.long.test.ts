import { test } from "vitest";
import { surviveOutage } from "./cloud-outage.ts";

test("a cloud killed in the middle of taking ten thousand facts has every one of them once", () =>
  surviveOutage({ olderFacts: 10_000, dieInDraining: true }));
