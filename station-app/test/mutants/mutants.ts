import { cloudMutants } from "./cloud-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { sessionMutants } from "./session-mutants.ts";
import { stationMutants } from "./station-mutants.ts";

/** Every mistake the simulator, the checker or the power-cut replay has to notice. */
export const mutants: readonly Mutant[] = [...stationMutants, ...sessionMutants, ...cloudMutants];
