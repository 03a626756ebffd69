import { z } from "zod";
import { defaultRegisterMap, joinWords, layout, registerMapSchema } from "../sorters/register-map.ts";
import { createPlcMemory } from "./plc-memory.ts";
import { beltOptions, createBelt, type SorterTwinState } from "./sorter-belt.ts";
import type { TwinDeps } from "./twin.ts";

export const plcOptionsSchema = z.strictObject({
  ...beltOptions,
  map: registerMapSchema.default(defaultRegisterMap),
  /** 0: a command is taken at once; else at the next scan cycle. */
  scanCycleMs: z.int().min(0).default(0),
});

/** The program behind the register map, the same whatever protocol reads and writes its words. */
export function createPlcProgram(options: z.infer<typeof plcOptionsSchema>, deps: TwinDeps) {
  const { map } = options;
  const memory = createPlcMemory(map);
  let takenSequence = 0;
  const belt = createBelt(options, {
    event: ({ type, parcelIndex, chute }) => {
      memory.pushEvent(type, parcelIndex, chute);
      deps.onEvent?.({ event: type, parcelIndex, chute });
    },
    track: memory.track,
  });

  /** A changed sequence is a new command; the echo comes after it was carried out. */
  const takeCommand = () => {
    const [high = 0, low = 0, chute = 0, deadlineHigh = 0, deadlineLow = 0, sequence = 0] = memory.read(
      map.command,
      layout.commandWords,
    );
    if (belt.isHalted() || sequence === 0 || sequence === takenSequence) return;
    takenSequence = sequence;
    const parcelIndex = joinWords(high, low);
    const result = belt.assign(parcelIndex, chute, joinWords(deadlineHigh, deadlineLow));
    memory.echo(sequence, result);
    deps.onEvent?.({ event: "command", parcelIndex, chute, result });
  };

  const heartbeat = setInterval(() => {
    if (!belt.isHalted()) memory.beat();
  }, options.heartbeatMs);
  const cycle = options.scanCycleMs > 0 ? setInterval(takeCommand, options.scanCycleMs) : undefined;
  const isInside = (address: number, count: number) => count >= 1 && address + count <= memory.size;

  return {
    size: memory.size,
    /** Null: not all of them exist. */
    readWords: (address: number, count: number): readonly number[] | null =>
      isInside(address, count) ? memory.read(address, count) : null,
    writeWords: (address: number, values: readonly number[]): boolean => {
      if (!isInside(address, values.length)) return false;
      memory.write(address, values);
      if (options.scanCycleMs === 0) takeCommand();
      return true;
    },
    perform: belt.perform,
    state: (): SorterTwinState => ({
      ...belt.counts(),
      stationHeartbeat: memory.read(map.stationHeartbeat, 1)[0] ?? 0,
      acknowledged: memory.read(map.acknowledged, 1)[0] ?? 0,
      lastEventSequence: memory.lastEventSequence(),
    }),
    stop: () => {
      clearInterval(heartbeat);
      clearInterval(cycle);
      belt.stop();
    },
  };
}
export type PlcProgram = ReturnType<typeof createPlcProgram>;
