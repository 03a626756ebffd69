import "./look/library-styles.ts";
import "./console.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./console.tsx";
import { startTexts } from "./text/i18n.ts";

/** primaryShade 8 and autoContrast: the library's default blue fails the contrast rules. */
const theme = createTheme({
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: "md",
  respectReducedMotion: true,
});

/** The server writes a fresh nonce into the page; the library's style tag must carry it. */
const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
await startTexts();
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <Console />
    </MantineProvider>
  </StrictMode>,
);
