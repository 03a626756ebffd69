import type { FaultStation } from "./fault-station.ts";

const pauseMs = 250;
const inFlightLimit = 8;

/** Parcels, one after the other, as long as it is not stopped; never more under way than a belt holds. */
export function keepSending(station: FaultStation, from: number) {
  let stopped = false;
  let next = from;
  let trouble: unknown = null;
  const done = (async () => {
    for (; !stopped; next += 1) {
      await station.until(() => stopped || station.underWay() < inFlightLimit, "room on the belt", 120_000);
      if (stopped) return;
      await station.send(next, 120_000);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })().catch((error: unknown) => {
    trouble = error;
  });
  return {
    /** @returns the number for the next parcel. */
    async stop(): Promise<number> {
      stopped = true;
      await done;
      if (trouble !== null) throw new Error("the parcels came to a halt", { cause: trouble });
      return next;
    },
  };
}

/** So many parcels more are accepted, whatever is away. */
export async function expectParcelsGoOn(station: FaultStation, parcels: number): Promise<void> {
  const before = station.accepted();
  await station.until(() => station.accepted() >= before + parcels, `${parcels} parcels more to be accepted`);
}

/** One fact more than now is acknowledged. */
export async function expectUploadsGoOn(station: FaultStation, timeoutMs = 90_000): Promise<void> {
  const { acknowledged } = station.position();
  await station.until(() => station.position().acknowledged > acknowledged, "an acknowledgement", timeoutMs);
}
