import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { ContractRouterClient, InferContractRouterOutputs } from "@orpc/contract";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { socketPath, socketProtocol, socketTokenPrefix } from "@waystation/shared/wire/shell-bridge";
import type { RunState } from "./processes/run-file.ts";
import type { StationContract } from "@waystation/shared/wire/station-ipc";

export type StationStatus = InferContractRouterOutputs<StationContract>["station"]["status"];

const answerWithinMs = 10_000;

export type StationCaller = ContractRouterClient<StationContract>;

/** One question to a running station, over the same contract as a screen's. */
export async function askStation<T>(
  station: { readonly url: string; readonly token: string },
  ask: (client: StationCaller, signal: AbortSignal) => Promise<T>,
): Promise<Result<T>> {
  const address = new URL(socketPath, station.url.replace(/^http/, "ws"));
  const socket = new WebSocket(address, [socketProtocol, `${socketTokenPrefix}${station.token}`]);
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("close", ({ code, reason }) =>
    opened.reject(new Error(`closed with ${code} ${reason}`)),
  );
  socket.addEventListener("error", () => opened.reject(new Error("no connection")));
  const tooLate = setTimeout(() => opened.reject(new Error("no answer")), answerWithinMs);
  try {
    await opened.promise;
    const client: StationCaller = createORPCClient(new RPCLink({ websocket: socket }));
    return succeed(await ask(client, AbortSignal.timeout(answerWithinMs)));
  } catch (error) {
    return fail("device.silent", { device: `The station at ${address.host}` }, error);
  } finally {
    clearTimeout(tooLate);
    socket.close();
  }
}

export const readStatus = (station: { readonly url: string; readonly token: string }) =>
  askStation<StationStatus>(station, (client, signal) => client.station.status(undefined, { signal }));

/** Where the station of this data folder answers. Failure station.not-running. */
export async function findStation(
  dataFolder: string,
): Promise<Result<{ readonly run: RunState; readonly url: string; readonly token: string }>> {
  const { readRunningState } = await import("./processes/run-file.ts");
  const run = readRunningState(dataFolder);
  if (run === null) return fail("station.not-running", { path: dataFolder });
  const { station: url } = run.urls;
  const { station: token } = run.tokens;
  if (url === undefined || token === undefined)
    return fail("station.not-running", { path: "a station that is still starting" });
  return succeed({ run, url, token });
}
