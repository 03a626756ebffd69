import { createTheme, localStorageColorSchemeManager } from "@mantine/core";

/** Targets of 72 px: about 15 to 20 mm on the panels in use, for gloved hands. */
export const targetSize = "4.5rem";

/** primaryShade 8 and autoContrast: the library's default blue fails the contrast rules. */
export const theme = createTheme({
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: "md",
  fontFamily: "var(--font)",
  headings: { fontFamily: "var(--font)" },
  components: {
    Button: { defaultProps: { h: targetSize, fz: "1.2rem", px: "lg", variant: "default" } },
    TextInput: {
      styles: { input: { height: targetSize, fontSize: "1.75rem" }, label: { fontSize: "1.1rem" } },
    },
    Modal: {
      defaultProps: {
        centered: true,
        size: "lg",
        transitionProps: { duration: 0 },
        withCloseButton: false,
        lockScroll: false,
      },
    },
  },
});

export const colorSchemes = localStorageColorSchemeManager({ key: "waystation.color-scheme" });

/** The server writes a fresh nonce into the page; the library's style tag must carry it. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
