/** `node replay-power-cuts.ts '{"parcels":40,"images":60,"seed":2}'`: parcels, then the power is cut; one JSON object. */
import { cutPower, recordParcels } from "../durability/power-cut.ts";

export type PowerCuts = { readonly parcels: number; readonly images: number; readonly seed: number };

const { parcels, images, seed } = JSON.parse(process.argv[2] ?? "{}") as PowerCuts;
process.stdout.write(`${JSON.stringify(cutPower(recordParcels("full", parcels), images, seed))}\n`);
