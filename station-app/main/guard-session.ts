import { shellOrigin } from "@waystation/shared/wire/shell-bridge";
import type { Session, WebContents, WebFrameMain } from "electron";

/** Devices belong to the engine; the page needs no permission at all, and downloads nothing. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on("will-download", (event) => event.preventDefault());
}

/** A page stays where it is: no other address, no second window, no embedded page, no outside program. */
export function confineContents(contents: WebContents): void {
  const stay = (event: { readonly url: string; preventDefault: () => void }) => {
    if (!isOwnAddress(event.url)) event.preventDefault();
  };
  contents.on("will-navigate", stay);
  contents.on("will-frame-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-attach-webview", (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
}

/** May this frame have a port to the engine? Only the top frame of our own page. */
export function isOwnTopFrame(frame: WebFrameMain | null): frame is WebFrameMain {
  return frame !== null && frame.parent === null && frame.origin === shellOrigin;
}

function isOwnAddress(url: string): boolean {
  return URL.canParse(url) && url.startsWith(`${shellOrigin}/`);
}
