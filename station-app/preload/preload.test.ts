import type { EventEmitter } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { bridgeName, portChannel, type ShellBridge } from "@waystation/shared/wire/shell-bridge";
import { expect, test, vi } from "vitest";

const { sent, exposed } = vi.hoisted(() => ({
  sent: [] as string[],
  exposed: {} as Record<string, unknown>,
}));
vi.mock("electron", async () => {
  const { EventEmitter } = await import("node:events");
  return {
    ipcRenderer: Object.assign(new EventEmitter(), { send: (channel: string) => sent.push(channel) }),
    contextBridge: {
      exposeInMainWorld: (name: string, api: unknown) => {
        exposed[name] = api;
      },
    },
  };
});

test("the page can ask for a port and gets it as a message of its own window; nothing else is exposed", async () => {
  const posted: unknown[][] = [];
  vi.stubGlobal("window", {
    location: { origin: "app://station" },
    postMessage: (...args: unknown[]) => posted.push(args),
  });
  await import("./preload.ts");
  expect(Object.keys(exposed)).toEqual([bridgeName]);
  const bridge = exposed[bridgeName] as ShellBridge;
  expect(Object.keys(bridge)).toEqual(["requestPort"]);
  bridge.requestPort();
  expect(sent).toEqual([portChannel]);

  const { ipcRenderer } = await import("electron");
  const { port1, port2 } = new MessageChannel();
  (ipcRenderer as unknown as EventEmitter).emit(portChannel, { ports: [port1] });
  expect(posted).toEqual([[{ kind: portChannel }, "app://station", [port1]]]);
  port1.close();
  port2.close();
  vi.unstubAllGlobals();
});
