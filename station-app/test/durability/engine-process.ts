import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { ContractRouterClient } from "@orpc/contract";
import { socketPath, socketProtocol, socketTokenPrefix } from "@waystation/shared/wire/shell-bridge";
import type { StationContract } from "@waystation/shared/wire/station-ipc";
import type { EngineConfig } from "../../engine/config/engine-config.ts";
import { type Child, startChild } from "./child-process.ts";

export type StationClient = ContractRouterClient<StationContract>;
export type EngineProcess = Child & {
  /** null: it ended before it was ready. */
  readonly ready: Promise<StationClient | null>;
};

export const screenToken = "durability-test-token";

/** The real engine, headless, in a process of its own; `folder` gets its config file. */
export function startEngineProcess(
  folder: string,
  config: EngineConfig,
  env: Readonly<Record<string, string>> = {},
): EngineProcess {
  const path = join(folder, "engine.json");
  writeFileSync(path, JSON.stringify(config));
  const { promise: url, resolve } = Promise.withResolvers<string | null>();
  const child = startChild(new URL("../../engine/entry.ts", import.meta.url), path, {
    env,
    onLine: (message) => resolve(typeof message.url === "string" ? message.url : null),
  });
  void child.ended.then(() => resolve(null));
  return { ...child, ready: url.then((found) => (found === null ? null : connectScreen(found))) };
}

async function connectScreen(url: string): Promise<StationClient | null> {
  const socket = new WebSocket(`ws://${new URL(url).host}${socketPath}`, [
    socketProtocol,
    socketTokenPrefix + screenToken,
  ]);
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true), { once: true });
    socket.addEventListener("close", () => resolve(false), { once: true });
  });
  return opened ? createORPCClient(new RPCLink({ websocket: socket })) : null;
}
