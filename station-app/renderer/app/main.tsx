import "./styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { i18n, startTexts } from "../text/i18n.ts";
import { App } from "./app.tsx";
import { findTransport } from "./find-transport.ts";
import { unlockSoundAtFirstTouch } from "./play-sound.ts";
import { getPreferences } from "./preferences.ts";
import { connectStation } from "./station-client.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");

i18n.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});
await startTexts(getPreferences().language);
unlockSoundAtFirstTouch(window);

createRoot(root).render(
  <StrictMode>
    <App client={connectStation(findTransport(window))} />
  </StrictMode>,
);
