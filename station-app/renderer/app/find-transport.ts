import { bridgeName, portChannel, type ShellBridge } from "@waystation/shared/wire/shell-bridge";
import type { StationTransport } from "./station-client.ts";

const tokenKey = "waystation.token";

/** The desktop shell's port where there is a shell, else a WebSocket to the server this page came from. */
export function findTransport(page: Window): StationTransport {
  const bridge = (page as unknown as Record<string, ShellBridge | undefined>)[bridgeName];
  if (bridge !== undefined) return { kind: "port", requestPort: () => requestPort(page, bridge) };
  return { kind: "socket", origin: page.location.origin, token: takeToken(page) };
}

/** The token is taken out of the address at once; the tab remembers it for a reload. */
function takeToken(page: Window): string {
  const given = new URLSearchParams(page.location.hash.slice(1)).get("token");
  if (given !== null) {
    page.sessionStorage.setItem(tokenKey, given);
    page.history.replaceState(null, "", page.location.pathname);
  }
  // A new launch's address pasted into this tab changes only the part behind "#" and would load nothing.
  page.addEventListener("hashchange", () => page.location.reload());
  return page.sessionStorage.getItem(tokenKey) ?? "none";
}

function requestPort(page: Window, bridge: ShellBridge): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      page.removeEventListener("message", receive);
      reject(new Error("the shell gave no port"));
    }, 5_000);
    const receive = (event: MessageEvent) => {
      const [port] = event.ports;
      if (event.source !== page || event.data?.kind !== portChannel || port === undefined) return;
      clearTimeout(timer);
      page.removeEventListener("message", receive);
      resolve(port);
    };
    page.addEventListener("message", receive);
    bridge.requestPort();
  });
}
