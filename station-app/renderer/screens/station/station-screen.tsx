import type { StationView } from "@waystation/shared/session/view";
import type { StationClient } from "../../app/station-client.ts";
import { LanePanel } from "./lane-panel.tsx";

type StationScreenProps = {
  readonly view: StationView;
  /** False: what is shown is old and nothing can be done. */
  readonly live: boolean;
  readonly command: StationClient["command"];
  readonly operatorId: string;
  readonly activeLaneId: string;
  readonly onChoose: (laneId: string) => void;
  readonly onDialog: (open: boolean) => void;
  readonly keysEnabled: boolean;
};

/** Every lane of the station beside one another; on a narrow screen only the active one (see `LaneTabs`). */
export function StationScreen({ view, live, activeLaneId, keysEnabled, ...rest }: StationScreenProps) {
  const nextLaneId =
    view.lanes[(view.lanes.findIndex((lane) => lane.laneId === activeLaneId) + 1) % view.lanes.length]
      ?.laneId;
  return (
    <main className="lanes" data-lanes={view.lanes.length} inert={!live}>
      {view.lanes.map((lane) => (
        <LanePanel
          key={lane.laneId}
          lane={lane}
          devices={view.devices.filter((device) => lane.deviceIds.includes(device.deviceId))}
          active={lane.laneId === activeLaneId}
          only={view.lanes.length === 1}
          keysEnabled={keysEnabled && lane.laneId === activeLaneId}
          nextLaneId={view.lanes.length > 1 ? (nextLaneId ?? null) : null}
          {...rest}
        />
      ))}
    </main>
  );
}
