import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The cloud's page: one script, one stylesheet; nothing is fetched from elsewhere. The server fills the nonce in. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  html: { cspNonce: "%STYLE_NONCE%" },
  build: {
    outDir: join(import.meta.dirname, "../dist/console"),
    emptyOutDir: true,
    target: "chrome140",
    modulePreload: false,
    chunkSizeWarningLimit: 700,
  },
});
