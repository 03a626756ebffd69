import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import type { Session, SessionContext } from "../kit/family.ts";
import { createRepeater } from "../kit/repeat.ts";

export const triggeringOptions = {
  /** The station pulls the trigger so often; absent: a light barrier or the scanner itself does. */
  triggerEveryMs: z.int().min(50).max(60_000).optional(),
};
const optionsSchema = z.object(triggeringOptions);
type TriggeringOptions = z.infer<typeof optionsSchema>;

/** A search that was ended and has not told its end by then has had its answer lost. */
const patienceMs = 1000;

/**
 * A scanner that can be triggered. `stop` ends a search that has found nothing; where the device needs none it is
 * absent. While the station triggers by itself, an empty look is the rule and not told. A search is begun only when the
 * one before has told its end: an answer may be later than the next trigger, and a scanner refuses a second search.
 */
export function createTriggeringSession<Options extends TriggeringOptions>(
  context: SessionContext<Options>,
  device: {
    readonly decode: (frame: Uint8Array) => readonly Reading[];
    readonly start: Uint8Array;
    readonly stop?: Uint8Array;
  },
): Session<"scanner"> {
  const { triggerEveryMs } = context.options;
  let search: "none" | "under way" | "stopping" = "none";
  let stoppedAt = 0;
  const isOver = () =>
    search === "none" || (search === "stopping" && context.clock.nowMs() - stoppedAt >= patienceMs);
  const repeater = createRepeater(context.clock, triggerEveryMs, () => {
    if (isOver()) {
      context.write(device.start);
      if (device.stop) search = "under way";
    } else if (search === "under way" && device.stop) {
      context.write(device.stop);
      search = "stopping";
      stoppedAt = context.clock.nowMs();
    }
  });
  const isEmptyLook = (reading: Reading) => reading.kind === "refused" && reading.reason === "no read";
  return {
    commands: {},
    readyOn: "open",
    onOpen: () => {
      search = "none";
      repeater.begin();
    },
    onFrame: (frame) => {
      for (const reading of device.decode(frame)) {
        if (reading.kind === "scan" || isEmptyLook(reading)) search = "none";
        if (triggerEveryMs === undefined || !isEmptyLook(reading)) context.emit(reading);
      }
    },
    onDown: repeater.end,
  };
}
