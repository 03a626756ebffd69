import { defineScale } from "../kit/define.ts";
import { mtSics } from "./mt-sics.ts";

/** For any scale that speaks MT-SICS level 0 and 1. */
export const mtSicsScale = defineScale({
  model: "mt-sics",
  vendor: "generic",
  names: ["MT-SICS scale"],
  family: mtSics,
  confirmed: false,
  source: "MT-SICS reference manual; at-balances manual p. 87",
});

export const mettlerIcs = defineScale({
  model: "mettler-toledo-ics",
  vendor: "Mettler-Toledo",
  names: ["ICS469"],
  family: mtSics,
  serial: { baudRate: 9600 },
  confirmed: false,
  source: 'MT-SICS reference manual; identity reply `I2 A "ICS469 OU 60.18 kg"` in public code',
});

/** KCP is a near clone of MT-SICS; it wants at least 100 ms between two questions. */
export const kernKcp = defineScale({
  model: "kern-kcp",
  vendor: "KERN",
  names: ["CKE", "KIB-TM"],
  family: mtSics,
  options: { repeatMs: 150 },
  serial: { baudRate: 9600 },
  confirmed: false,
  source: "KERN CKE manual p. 79; KIB-TM: polling interval of 100 ms or more",
});
