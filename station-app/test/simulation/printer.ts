import type { Effect, LabelOutcome } from "@waystation/shared/session/events";
import type { World } from "./world.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** One printer for both lanes, with a counter, that goes on printing when the engine is dead. */
export function createPrinter({ agenda, random, faults, station }: World) {
  const objections: string[] = [];
  const labels: { readonly orderId: string; readonly jobId: string }[] = [];
  let odometer = 100;
  let hasPaper = true;
  let busyUntilMs = 0;

  const failed = (code: "printer.paper-out" | "printer.not-printed"): LabelOutcome => ({
    outcome: "failed",
    failure: { code, details: { device: "printer" } },
  });
  const unknown: LabelOutcome = {
    outcome: "unknown",
    failure: { code: "printer.unconfirmed", details: { device: "printer" } },
  };

  /** After anything but a printed label the driver says anew whether the printer is ready. */
  function report(
    effect: Of<"print"> | Of<"resolve-print">,
    life: number,
    delayMs: number,
    tell: () => LabelOutcome,
  ): void {
    agenda.after(delayMs, () => {
      const result = tell();
      station().answer(life, effect.laneId, { kind: "label-outcome", jobId: effect.jobId, result });
      if (result.outcome !== "printed") agenda.after(100, announce);
    });
  }

  const announce = (): void =>
    station().setPrinter("printer", hasPaper, agenda.now() >= busyUntilMs ? odometer : undefined);

  function runOut(effect: Of<"print">, life: number): void {
    hasPaper = false;
    report(effect, life, 150, () => failed("printer.paper-out"));
    agenda.after(3000, () => {
      hasPaper = true;
      announce();
    });
  }

  return {
    labels,
    objections,
    announce,
    print(effect: Of<"print">, life: number): void {
      if (agenda.now() < busyUntilMs) objections.push(`the printer got ${effect.jobId} while it was busy`);
      if (!hasPaper || random.chance(faults.paperOut)) return runOut(effect, life);
      const isHeard = !random.chance(faults.loseLabelOutcome);
      const isTaken = isHeard || random.chance(0.5);
      const printsForMs = isHeard && random.chance(faults.lateLabel) ? 5000 : random.between(300, 600);
      if (isTaken) {
        busyUntilMs = agenda.now() + printsForMs;
        agenda.after(printsForMs, () => {
          odometer += 1;
          labels.push({ orderId: effect.orderId, jobId: effect.jobId });
        });
      }
      if (isHeard) report(effect, life, printsForMs + 50, () => ({ outcome: "printed", odometer }));
      else report(effect, life, 2000, () => unknown);
    },
    /** Asked when it is idle again; only the counter can tell. */
    resolve(effect: Of<"resolve-print">, life: number): void {
      const isHeard = !random.chance(faults.loseLabelOutcome);
      report(effect, life, Math.max(0, busyUntilMs - agenda.now()) + 200, () => {
        if (!isHeard || effect.odometerBefore === null) return unknown;
        if (odometer === effect.odometerBefore + 1) return { outcome: "printed", odometer };
        return odometer === effect.odometerBefore ? failed("printer.not-printed") : unknown;
      });
    },
  };
}
export type Printer = ReturnType<typeof createPrinter>;
