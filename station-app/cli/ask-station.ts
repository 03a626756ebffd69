import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import type { ContractRouterClient, InferContractRouterOutputs } from "@orpc/contract";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { socketPath, socketProtocol, socketTokenPrefix } from "@waystation/shared/wire/shell-bridge";
import type { StationContract } from "@waystation/shared/wire/station-ipc";

export type StationStatus = InferContractRouterOutputs<StationContract>["station"]["status"];

const answerWithinMs = 10_000;

/** One question to a running station, over the same contract as a screen's. */
export async function askStation(stationUrl: string, token: string): Promise<Result<StationStatus>> {
  const address = new URL(socketPath, stationUrl.replace(/^http/, "ws"));
  const socket = new WebSocket(address, [socketProtocol, `${socketTokenPrefix}${token}`]);
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("close", ({ code, reason }) =>
    opened.reject(new Error(`closed with ${code} ${reason}`)),
  );
  socket.addEventListener("error", () => opened.reject(new Error("no connection")));
  const tooLate = setTimeout(() => opened.reject(new Error("no answer")), answerWithinMs);
  try {
    await opened.promise;
    const client: ContractRouterClient<StationContract> = createORPCClient(
      new RPCLink({ websocket: socket }),
    );
    return succeed(await client.station.status(undefined, { signal: AbortSignal.timeout(answerWithinMs) }));
  } catch (error) {
    return fail("device.silent", { device: `The station at ${address.host}` }, error);
  } finally {
    clearTimeout(tooLate);
    socket.close();
  }
}
