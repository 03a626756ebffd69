import type { Patch } from "./build-mutant.ts";
import type { PowerCuts } from "./replay-power-cuts.ts";

/** A mistake as a colleague in a hurry might make it, and the run that must not let it pass. */
export type Mutant = {
  readonly name: string;
  /** In one sentence. */
  readonly broken: string;
  readonly patches: readonly Patch[];
  readonly caught: Simulated | Replayed;
};

type Shown = {
  /** A finding of this rule that says this is the proof. */
  readonly rule: string;
  readonly says: string;
  /** Tried in this order until one shows the mistake. */
  readonly seeds: readonly number[];
  /** Given to the unbroken product as well: what makes a rare situation frequent. */
  readonly arranged?: readonly Patch[];
};
type Simulated = Shown & { readonly by: "simulator"; readonly args: readonly string[] };
type Replayed = Shown & { readonly by: "power-cut"; readonly cuts: Omit<PowerCuts, "seed"> };
