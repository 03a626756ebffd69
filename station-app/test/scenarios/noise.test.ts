import { expect, test } from "vitest";
import { factsNamed } from "../durability/read-log.ts";
import {
  beltLane,
  benchLane,
  chuteOf,
  devices,
  induct,
  measures,
  onStation,
  type StationUnderTest,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

const { sorter, scale } = devices;
/** These two say exactly what the test tells them to, line ends included. */
const gate = { ...devices.gate, twin: { terminator: "" } };
const scanner = { ...devices.scanner, twin: { line: "serial", terminator: "" } };
const plan = {
  devices: { gate, sorter, scanner, scale },
  lanes: [
    {
      ...beltLane,
      steps: ["weigh", "measure", "divert"],
      devices: { dimensioner: "gate", sorter: "sorter" },
      decideWithinMs: 3000,
    },
    { ...benchLane, steps: ["weigh"], devices: { scanner: "scanner", scale: "scale" } },
  ],
} as const;
type Noisy = StationUnderTest<keyof (typeof plan)["devices"]>;

const megabytes = 6;
const chunkLength = 256 * 1024;

/** Looks like traffic, digits, commas and barcodes included, and never ends a line. */
function makeNoise(length: number): string {
  let seed = 12_345;
  let text = "";
  while (text.length < length) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += seed % 5 === 0 ? `7,${waybillOf(7)},210,200,150,50,` : String.fromCharCode(32 + (seed % 95));
  }
  return text.slice(0, length);
}

const sayAtGate = (station: Noisy, text: string) => station.tell("gate", "telegram", { text });
const sayAtScanner = (station: Noisy, data: string) => station.tell("scanner", "scan", { data, aim: "" });
const telegram = (index: number): string =>
  `${[index, waybillOf(index), measures.weightGrams, measures.lengthMillimetres, measures.widthMillimetres, measures.heightMillimetres, 0].join(",")}\r\n`;

async function playOneEach(station: Noisy, belt: number, bench: number): Promise<void> {
  await induct(station, belt);
  await sayAtGate(station, telegram(belt));
  expect(await untilEnded(station, "belt", waybillOf(belt))).toMatchObject({
    outcome: "accepted",
    chute: chuteOf(belt),
  });
  await sayAtScanner(station, `${waybillOf(bench)}\r`);
  expect(await untilEnded(station, "bench", waybillOf(bench))).toMatchObject({
    outcome: "accepted",
    weightGrams: 205,
  });
}

const memoryOf = async (station: Noisy): Promise<number> =>
  (await station.status()).processes[0]?.memoryMegabytes ?? 0;

test(
  "megabytes of noise and garbled frames: nothing is read that was not said, and memory stays",
  { timeout: 120_000 },
  () =>
    onStation(plan, async (station) => {
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      await playOneEach(station, 1, 2);
      const noise = makeNoise(chunkLength);
      await shout(station, noise);
      const before = await memoryOf(station);
      for (let sent = 0; sent < megabytes * 1024 * 1024; sent += chunkLength) await shout(station, noise);
      expect((await memoryOf(station)) - before).toBeLessThan(64);

      // The end of the noise; a parcel whose only telegram drowns in it is not guessed at.
      await induct(station, 3);
      await sayAtGate(station, telegram(3));
      await sayAtScanner(station, "\r");
      await station.until(
        () => station.lane("belt").recent.some((parcel) => parcel.parcelIndex === 3),
        "parcel 3 to end",
      );
      expect(station.lane("belt").recent.find((parcel) => parcel.parcelIndex === 3)).toMatchObject({
        outcome: "no-read",
        barcode: null,
      });

      await station.tell("gate", "fault", { fault: "garble", count: 3 });
      await station.tell("scanner", "fault", { fault: "garble", count: 3 });
      for (let times = 0; times < 3; times += 1) {
        await sayAtGate(station, telegram(4));
        await sayAtScanner(station, `${waybillOf(5)}\r`);
      }
      await sayAtGate(station, "\r\n");
      await sayAtScanner(station, "\r");
      await playOneEach(station, 8, 9);

      const said = [1, 2, 8, 9].map(waybillOf);
      expect(factsNamed(station.facts(), "parcel.scanned.v1").map(({ payload }) => payload.data)).toEqual(
        said,
      );
      expect(
        factsNamed(station.facts(), "parcel.weighed.v1").map(({ payload }) => payload.weightGrams),
      ).toEqual([210, 205, 210, 205]);
      // Not even as something to throw away: it never got past the codec.
      expect(factsNamed(station.facts(), "reading.discarded.v1")).toEqual([]);
      expect(station.lane("bench").counts).toEqual({ accepted: 2, intercepted: 0, rejected: 0, noRead: 0 });
    }),
);

/** Both at once, and the engine has swallowed it when it answers again. */
async function shout(station: Noisy, noise: string): Promise<void> {
  await Promise.all([sayAtGate(station, noise), sayAtScanner(station, noise)]);
  await station.status();
}
