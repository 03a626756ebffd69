import { expect, test } from "vitest";
import { createManualClock } from "../kit/manual-clock.ts";
import { createPlcProgram, plcOptionsSchema } from "../twins/plc-program.ts";
import type { ModbusRequest } from "../framing/modbus-tcp.ts";
import { succeed } from "@waystation/shared/failures/result";
import { createDivertQueue } from "./divert-queue.ts";
import { defaultRegisterMap, layout } from "./register-map.ts";

test("a command the PLC did not take while it stood still is not carried out with the data of the next", async () => {
  const clock = createManualClock();
  const events: unknown[] = [];
  const plc = createPlcProgram(plcOptionsSchema.parse({ chutes: [3, 4] }), {
    onEvent: ({ event, parcelIndex, chute }) => {
      if (event === "command") events.push([parcelIndex, chute]);
    },
  });
  const map = defaultRegisterMap;
  const look = (): void => {
    const [, echoed = 0, result = 0] = plc.readWords(map.status, layout.statusHeadWords) ?? [];
    queue.onEcho(echoed, result);
  };
  const queue = createDivertQueue({
    deviceId: "sorter",
    clock,
    map,
    chutes: null,
    echoTimeoutMs: 500,
    isReady: () => true,
    send: (requests: readonly ModbusRequest[]) => {
      for (const request of requests)
        if (request.function !== 3) plc.writeWords(request.address, request.values);
      return succeed(null);
    },
  });
  const divert = (parcelIndex: number, chute: number) =>
    queue.divert({ commandId: `c-${parcelIndex}`, parcelIndex, chute, deadlineMs: 1000 });
  for (const parcelIndex of [1, 2, 3]) plc.perform({ command: "induct", parcelIndex });

  const first = divert(1, 3);
  look();
  await first;
  plc.perform({ command: "halt", on: true });
  const second = divert(2, 4);
  await clock.advance(600);
  expect(await second).toMatchObject({ ok: false, failure: { code: "sorter.unconfirmed" } });
  plc.perform({ command: "halt", on: false });
  const third = divert(3, 3);
  look();
  expect(await third).toEqual({ ok: true, value: { echoed: true } });
  expect(events).toEqual([
    [1, 3],
    [3, 3],
  ]);
  plc.stop();
});
