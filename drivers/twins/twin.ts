import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Connection } from "../transport/connection.ts";
import {
  clearCommandSchema,
  type createFaultyLine,
  disconnectCommandSchema,
  faultCommandSchema,
  plugCommandSchema,
} from "./faults.ts";
import type { Pipe, PipeEvents } from "../transport/pipe.ts";

/** Something that happened at the twin, e.g. a label came out; one JSON line each under run-twin. */
export type TwinEvent = { readonly event: string; readonly [detail: string]: unknown };

/** The other end of a protocol over a real pipe. It never shares memory with the engine. */
export type Twin<State> = {
  readonly connection: Connection;
  /** A fault or a stimulus, e.g. {command: "load", weightGrams: 500}; throws on one it does not know. */
  readonly control: (command: unknown) => Promise<void>;
  readonly state: () => State;
  readonly stop: () => Promise<void>;
};

export type TwinDeps = {
  readonly onEvent?: (event: TwinEvent) => void;
  /** A printer's label came out, and this is the format it was drawn from. */
  readonly onLabel?: (format: Uint8Array) => void;
  /** For the simulator: a line inside its process in place of a real pipe. */
  readonly openPipe?: (events: PipeEvents) => Promise<Pipe>;
};

/** Commands every twin knows. */
const commonCommandSchema = z.discriminatedUnion("command", [
  faultCommandSchema,
  clearCommandSchema,
  disconnectCommandSchema,
  plugCommandSchema,
]);

/** `control` for a twin: the common commands, and what the twin adds to them. */
export function createControl<Schema extends z.ZodType>(input: {
  readonly line: ReturnType<typeof createFaultyLine>;
  readonly pipe: Pipe;
  readonly schema: Schema;
  readonly perform: (command: z.infer<Schema>) => void;
}) {
  return async (command: unknown): Promise<void> => {
    const common = commonCommandSchema.safeParse(command);
    if (!common.success) return input.perform(input.schema.parse(command));
    const { data } = common;
    if (data.command === "fault") input.line.set(data);
    else if (data.command === "clear") input.line.clear();
    else if (data.command === "plug") await input.pipe.plug();
    else {
      await input.pipe.cut();
      if (data.forMs === undefined) return;
      await wait(data.forMs);
      await input.pipe.plug();
    }
  };
}
