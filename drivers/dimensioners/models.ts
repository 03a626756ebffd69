import { defineDimensioner } from "../kit/define.ts";
import { dwsDelimited } from "./dws-delimited.ts";

/** The usual telegram of a dimensioning-weighing-scanning gate; the site lays its own template over it. */
export const genericDws = defineDimensioner({
  model: "dws-delimited",
  vendor: "generic",
  names: ["DWS gate, delimited text over TCP"],
  family: dwsDelimited,
  confirmed: false,
  source: "public DWS configuration guides: {Code},{Weight},{Length},{Width},{Height},{Timestamp}",
});
