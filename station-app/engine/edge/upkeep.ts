import type { FactDraft } from "@waystation/shared/facts/draft";
import type { Failure, Result } from "@waystation/shared/failures/result";
import {
  blankUpkeep,
  type UpkeepRecord,
  type UpkeepRules,
  type UpkeepView,
  viewUpkeep,
} from "@waystation/shared/session/upkeep";
import type { EngineConfig } from "../config/engine-config.ts";

export type Upkeep = ReturnType<typeof createUpkeep>;

/** Warnings change with the calendar as well: this often they are looked at again. */
const lookEveryMs = 60_000;

/** Calibration and zero of the scales: what is known, what is due, and the two things a person may record. */
export function createUpkeep(deps: {
  readonly config: EngineConfig;
  readonly records: readonly UpkeepRecord[];
  readonly nowMs: () => number;
  readonly weigh: (deviceId: string) => Promise<Result<number>>;
  /** null once the fact is durable. */
  readonly recordFact: (fact: FactDraft) => Promise<Failure | null>;
  readonly onChange: (deviceId: string) => void;
}) {
  const rules = new Map<string, UpkeepRules>(
    deps.config.devices.flatMap(({ deviceId, upkeep }) => (upkeep === undefined ? [] : [[deviceId, upkeep]])),
  );
  let records = new Map(deps.records.map((record) => [record.deviceId, record]));
  const shown = new Map<string, string>();

  function view(deviceId: string): UpkeepView | undefined {
    const rule = rules.get(deviceId);
    if (rule === undefined) return undefined;
    return viewUpkeep(records.get(deviceId) ?? blankUpkeep(deviceId), rule, deps.nowMs());
  }

  function look(): void {
    for (const deviceId of rules.keys()) {
      const text = JSON.stringify(view(deviceId));
      if (shown.get(deviceId) === text) continue;
      shown.set(deviceId, text);
      deps.onChange(deviceId);
    }
  }

  const ruleOf = (deviceId: string): UpkeepRules | Failure =>
    rules.get(deviceId) ?? {
      code: "command.not-possible",
      details: { reason: `${deviceId} is no scale with upkeep in the configuration` },
    };

  const draft = (operatorId: string) => ({
    lane: null,
    parcelId: null,
    actor: { kind: "operator", id: operatorId } as const,
  });

  let timer: NodeJS.Timeout | undefined;
  return {
    view,
    start: () => {
      look();
      timer = setInterval(look, lookEveryMs).unref();
    },
    stop: () => clearInterval(timer),
    learn: (next: readonly UpkeepRecord[]) => {
      records = new Map(next.map((record) => [record.deviceId, record]));
      look();
    },
    async recordCalibration(input: {
      readonly deviceId: string;
      readonly certificate: string;
      readonly dueOn: string;
      readonly operatorId: string;
    }): Promise<Failure | null> {
      const { operatorId, ...payload } = input;
      const rule = ruleOf(payload.deviceId);
      if ("code" in rule) return rule;
      return deps.recordFact({ name: "scale.calibrated.v1", ...draft(operatorId), payload });
    },
    /** Weighs the empty scale. A zero that is not one is recorded and said; a scale that says nothing is not recorded. */
    async checkZero(deviceId: string, operatorId: string): Promise<Failure | null> {
      const rule = ruleOf(deviceId);
      if ("code" in rule) return rule;
      const weight = await deps.weigh(deviceId);
      if (!weight.ok) return weight.failure;
      const { zeroToleranceGrams: toleranceGrams } = rule;
      const passed = Math.abs(weight.value) <= toleranceGrams;
      const payload = { deviceId, weightGrams: weight.value, toleranceGrams, passed };
      const failure = await deps.recordFact({ name: "scale.zero-checked.v1", ...draft(operatorId), payload });
      return failure ?? (passed ? null : { code: "scale.zero-failed", details: { device: deviceId } });
    },
  };
}
