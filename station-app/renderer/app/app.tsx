import { MantineProvider } from "@mantine/core";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { LaneTabs } from "../screens/station/lane-tabs.tsx";
import { StationScreen } from "../screens/station/station-screen.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { usePreferences } from "./preferences.ts";
import type { StationClient } from "./station-client.ts";
import { colorSchemes, styleNonce, theme } from "./theme.ts";
import { TopBar } from "./top-bar.tsx";
import { useStationSounds } from "./use-station-sounds.ts";

export function App({ client }: { client: StationClient }) {
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <Station client={client} />
    </MantineProvider>
  );
}

function Station({ client }: { client: StationClient }) {
  const { t } = useTranslation();
  const state = useSyncExternalStore(client.subscribe, client.getState);
  const { muted } = usePreferences();
  const [operatorId, setOperatorId] = useState<string | null>(null);
  const [chosenLaneId, chooseLane] = useState<string | null>(null);
  const [dialogOpen, setDialogOpen] = useState(false);
  useStationSounds(state, muted);

  const lanes = state.view?.lanes ?? [];
  const activeLaneId = lanes.find((lane) => lane.laneId === chosenLaneId)?.laneId ?? lanes[0]?.laneId ?? null;
  return (
    <div className="station" data-connection={state.connection}>
      <TopBar
        view={state.view}
        operatorId={operatorId}
        onOperator={setOperatorId}
        onDialog={setDialogOpen}
        keysEnabled={!dialogOpen}
      />
      <ConnectionBanner connection={state.connection} known={state.view !== null} />
      {state.view === null || activeLaneId === null ? (
        <main className="blank">{state.connection === "connecting" ? t("engine.connecting") : null}</main>
      ) : (
        <>
          <LaneTabs lanes={lanes} activeLaneId={activeLaneId} onChoose={chooseLane} />
          <StationScreen
            view={state.view}
            live={state.connection === "live"}
            command={client.command}
            operatorId={operatorId ?? "unidentified"}
            activeLaneId={activeLaneId}
            onChoose={chooseLane}
            onDialog={setDialogOpen}
            keysEnabled={!dialogOpen && state.connection === "live"}
          />
        </>
      )}
    </div>
  );
}
