import type { Agenda } from "./agenda.ts";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { SimulatedStation } from "./simulated-station.ts";

/** What every simulated device has: time, chance, and the station, which is there only after the devices are. */
export type World = {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly faults: Faults;
  readonly station: () => SimulatedStation;
  /** The gate sends the sorter's index; else only time tells whose a reading is. */
  readonly isIndexed: boolean;
};
