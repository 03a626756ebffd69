import { bridgeName, portChannel, type ShellBridge } from "@waystation/shared/wire/shell-bridge";
import { contextBridge, ipcRenderer } from "electron";

/**
 * All the page gets from the shell: it can ask for a port. The port cannot cross the bridge itself, so it is posted
 * to the page's own window (https://www.electronjs.org/docs/latest/tutorial/message-ports).
 */
const bridge: ShellBridge = { requestPort: () => ipcRenderer.send(portChannel) };
contextBridge.exposeInMainWorld(bridgeName, bridge);

ipcRenderer.on(portChannel, (event) => {
  window.postMessage({ kind: portChannel }, window.location.origin, [...event.ports]);
});
