import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { printRates } from "./statistics.ts";

/**
 * How much simulated work one processor does: five stations for a day, 60 parcels an hour, and four faults for a
 * hundred parcels, as at the long run's fast sites. The processor time is that of the whole process, loading and the
 * cloud's database included.
 */
const stationHoursWanted = 100;
const script = fileURLToPath(new URL("../test/simulation/sim.ts", import.meta.url));

const output = execFileSync(
  process.execPath,
  [script, "--seed", "1", "--stations", "5", "--hours", "24", "--json", "--no-shrink"],
  { encoding: "utf8", maxBuffer: 256 << 20 },
);
const { stationHoursPerCpuMinute: value } = JSON.parse(output.trim().split("\n").at(-1) ?? "") as {
  stationHoursPerCpuMinute: number;
};
printRates("sim-speed", "station-hours/CPU-minute", [{ value, limit: stationHoursWanted }], 1);
