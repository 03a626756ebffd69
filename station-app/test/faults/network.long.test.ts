import { describe, expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { loseNetwork } from "./network.ts";
import { networkMissing } from "./own-network.ts";

describe.skipIf(networkMissing !== null)(
  `a line of its own${networkMissing === null ? "" : ` (${networkMissing})`}`,
  () => {
    test.each([false, true])(
      "away for 90 s twice, cloud restarted meanwhile: %s",
      async (restartCloud) => {
        const whole = await loseNetwork(openResources(), { forMs: 90_000, orders: 1500, restartCloud });
        console.log(JSON.stringify({ restartCloud, whole }));
        expect(whole.accepted).toBeGreaterThan(100);
      },
      900_000,
    );
  },
);
