import type { Query } from "./cloud.ts";
import type { Exchange } from "./network.ts";

/** What the cloud told stations it has, held against what it has when it comes back. */
export function createPromises(onBroken: (what: string) => void, wasCloudRestored: () => boolean) {
  const promised = new Map<string, number>();

  return {
    remember(station: string, exchange: Exchange, status: number, body: Uint8Array): void {
      if (exchange !== "upload" || status !== 200) return;
      const { receivedThrough } = JSON.parse(Buffer.from(body).toString("utf8")) as {
        receivedThrough: number;
      };
      promised.set(station, Math.max(promised.get(station) ?? 0, receivedThrough));
    },
    /** A death loses nothing that was acknowledged; a machine that loses its power may, and says so by asking again. */
    async compare(query: Query): Promise<void> {
      if (wasCloudRestored()) return promised.clear();
      const rows = await query(
        "select station_id, max(received_through) as through from acknowledgements group by 1",
        [],
      );
      for (const [station, through] of promised) {
        const has = Number(rows.find(({ station_id }) => station_id === station)?.through ?? 0);
        if (has < through)
          onBroken(`the cloud acknowledged fact ${through} of ${station} and came back with ${has}`);
      }
    },
  };
}
