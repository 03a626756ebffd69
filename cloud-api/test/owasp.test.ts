import { beforeAll, vi } from "vitest";
import { describeOnEachDatabase, present } from "../test-support/test-cloud.ts";
import { makeWorld, type World } from "../test-support/two-tenants.ts";
import { attackObjects } from "./owasp/objects.ts";
import { attackAuthentication } from "./owasp/authentication.ts";
import { attackProperties } from "./owasp/properties.ts";
import { attackConsumption } from "./owasp/consumption.ts";
import { attackFunctions } from "./owasp/functions.ts";
import { attackBusinessFlows } from "./owasp/business-flows.ts";
import { attackByForgedRequests } from "./owasp/request-forgery.ts";
import { attackConfiguration } from "./owasp/configuration.ts";
import { attackInventory } from "./owasp/inventory.ts";
import { attackThroughForeignAnswers } from "./owasp/foreign-answers.ts";
import { type Ground, layGround } from "./owasp/ground.ts";

// Some tests knock at every door as everybody.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

/** The ten items of the OWASP API Security Top 10 of 2023, each as attacks on this cloud. */
const attacks: readonly ((ground: Ground) => void)[] = [
  attackObjects,
  attackAuthentication,
  attackProperties,
  attackConsumption,
  attackFunctions,
  attackBusinessFlows,
  attackByForgedRequests,
  attackConfiguration,
  attackInventory,
  attackThroughForeignAnswers,
];

describeOnEachDatabase("owasp", (open) => {
  let world: World | null = null;
  beforeAll(async () => {
    world = await makeWorld(open());
  });
  const ground = layGround(open, () => present(world));
  for (const attack of attacks) attack(ground);
});
