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

/**
 * A scanner that can be triggered. `stop` ends a search that has found nothing; where the device needs none it is
 * absent. While the station triggers by itself, an empty look is the rule and not told.
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
  let isSearching = false;
  const repeater = createRepeater(context.clock, triggerEveryMs, () => {
    const isOver = isSearching && device.stop !== undefined;
    context.write(isOver && device.stop ? device.stop : device.start);
    isSearching = !isOver;
  });
  const isEmptyLook = (reading: Reading) => reading.kind === "refused" && reading.reason === "no read";
  return {
    commands: {},
    readyOn: "open",
    onOpen: () => {
      isSearching = false;
      repeater.begin();
    },
    onFrame: (frame) => {
      for (const reading of device.decode(frame)) {
        if (reading.kind === "scan" || isEmptyLook(reading)) isSearching = false;
        if (triggerEveryMs === undefined || !isEmptyLook(reading)) context.emit(reading);
      }
    },
    onDown: repeater.end,
  };
}
