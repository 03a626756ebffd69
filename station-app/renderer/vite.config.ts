import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { noncePlaceholder } from "@waystation/shared/wire/screen-page";
import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const latinFonts = join(dirname(fileURLToPath(import.meta.resolve("@embedpdf/fonts-latin"))), "../fonts");

/** The screen: one page, one script, one stylesheet, its own fonts; nothing is fetched from elsewhere. */
export default defineConfig({
  root: here,
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@latin-fonts": latinFonts } },
  html: { cspNonce: noncePlaceholder },
  build: {
    outDir: join(here, "../dist/renderer"),
    emptyOutDir: true,
    target: "chrome140",
    modulePreload: false,
    chunkSizeWarningLimit: 700,
  },
});
