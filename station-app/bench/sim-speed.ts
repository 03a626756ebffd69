import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { printRates } from "./statistics.ts";

/**
 * How much simulated work one processor does: five stations for a day, 60 parcels an hour, and four faults for a
 * hundred parcels, as at the long run's fast sites. The processor time is that of the whole process, loading and the
 * cloud's database included. Three runs of the same seed differ by a fifth and more where the machine has other users.
 */
const stationHoursWanted = 100;
const rounds = 3;
const script = fileURLToPath(new URL("../test/simulation/sim.ts", import.meta.url));

function measure(): number {
  const output = execFileSync(
    process.execPath,
    [script, "--seed", "1", "--stations", "5", "--hours", "24", "--json", "--no-shrink"],
    { encoding: "utf8", maxBuffer: 256 << 20 },
  );
  const told = JSON.parse(output.trim().split("\n").at(-1) ?? "") as { stationHoursPerCpuMinute: number };
  return told.stationHoursPerCpuMinute;
}

const runs = Array.from({ length: rounds }, () => ({ value: measure(), limit: stationHoursWanted }));
printRates("sim-speed", "station-hours/CPU-minute", runs, 1);
