import type { Reading } from "@waystation/shared/model/reading";
import type { LaneView } from "@waystation/shared/session/view";
import { useEffect, useRef, useState } from "react";
import { usePreferences } from "../../app/preferences.ts";
import type { CommandInput, CommandName, StationClient } from "../../app/station-client.ts";
import { failureText } from "../../text/format.ts";
import { barcodeTarget, clearTarget, labelTarget } from "./parcel-tone.ts";

export type LaneCommands = ReturnType<typeof useLaneCommands>;

const noticeMs = 15_000;

/** What can be done on a lane now (null: not possible), one at a time, and what went wrong with the last one. */
export function useLaneCommands(lane: LaneView, command: StationClient["command"], operatorId: string) {
  const { language } = usePreferences();
  const [busy, setBusy] = useState<string | null>(null);
  const [notice, setNotice] = useState<{
    code: string;
    details: Record<string, string | number | boolean | null>;
  } | null>(null);
  const underWay = useRef(false);

  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), noticeMs);
    return () => clearTimeout(timer);
  }, [notice]);

  const run = async <N extends CommandName>(name: N, button: string, input: CommandInput<N>) => {
    // A second touch before the first is answered would answer twice.
    if (underWay.current) return;
    underWay.current = true;
    setBusy(button);
    const reply = await command(name, input);
    underWay.current = false;
    setBusy(null);
    setNotice(reply.ok ? null : reply.failure);
  };

  const { laneId } = lane;
  /** Never dropped for a command that is under way: a scan is told once and cannot be pressed again. */
  const takeScan = (reading: Reading) => {
    if (reading.kind === "refused")
      return setNotice({
        code: "device.refused-frame",
        details: { device: "wedge", reason: reading.reason },
      });
    if (reading.kind !== "scan") return;
    const { data, symbology } = reading;
    void command("wedgeScan", { laneId, data, symbology }).then((reply) => {
      if (!reply.ok) setNotice(reply.failure);
    });
  };
  const [labelId, clearId, barcode] = [labelTarget(lane), clearTarget(lane), barcodeTarget(lane)];
  const answer = (printed: boolean, button: string) =>
    labelId === null
      ? null
      : () => void run("answerLabel", button, { laneId, parcelId: labelId, printed, operatorId });
  return {
    busy,
    takeScan,
    notice: notice === null ? null : failureText(notice, language),
    stop:
      lane.status === "running"
        ? () => void run("stop", "stop", { laneId, reason: "operator", operatorId })
        : null,
    resume: lane.status === "running" ? null : () => void run("resume", "resume", { laneId, operatorId }),
    labelYes: answer(true, "yes"),
    labelNo: answer(false, "no"),
    clear:
      clearId === null
        ? null
        : () => void run("clearParcel", "clear", { laneId, parcelId: clearId, operatorId }),
    checkZero: (deviceId: string) => void run("checkZero", deviceId, { deviceId, operatorId }),
    enterBarcode:
      barcode === null
        ? null
        : (data: string) => void run("enterBarcode", "barcode", { laneId, ...barcode, data, operatorId }),
  };
}
