import { parseArgs } from "node:util";

export type SimArguments = {
  readonly seed: number;
  readonly stations: number;
  readonly hours: number;
  readonly rate: number;
  readonly faultsPerHundred: number;
  readonly only?: ReadonlySet<number>;
  readonly json: boolean;
  readonly keep: boolean;
  readonly shrink: boolean;
};

const simHelp = `Simulates a company: stations with their devices, the network and the cloud, with everything going wrong.

  npm run sim -- --seed 7 --stations 5 --hours 24
  npm run sim -- --seed 7 --only 12,40          only these faults of the seed's plan

  --seed N        what happens is told by it alone (default: a new one, which is printed)
  --stations N    1 to 50 (default 5)
  --hours N       of simulated work, 0.1 to 2000 (default 24)
  --rate N        parcels an hour at each station, 1 to 3000 (default 60)
  --faults N      faults for a hundred parcels, 0 to 100 (default 4)
  --only LIST     ids of faults, all others do not happen
  --no-shrink     do not look for the shortest schedule that still fails
  --keep          leave the databases for a look
  --json          one JSON object at the end: counts, faults by kind and step, findings

Ends with 0 when nothing was found, 1 when something was, 2 when the arguments make no sense.`;

type Refusal = { readonly text: string; readonly isError: boolean };

/** A sentence in place of arguments: the help, or what is wrong with them. */
export function readSimArguments(args: readonly string[]): SimArguments | Refusal {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        stations: { type: "string", default: "5" },
        hours: { type: "string", default: "24" },
        rate: { type: "string", default: "60" },
        faults: { type: "string", default: "4" },
        only: { type: "string" },
        "no-shrink": { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { text: simHelp, isError: false };
    const only = values.only
      ?.split(",")
      .filter(Boolean)
      .map((id) => within("only", id, 1, 1e9));
    return {
      seed: within("seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31)), 0, 2 ** 32 - 1),
      stations: within("stations", values.stations, 1, 50),
      hours: within("hours", values.hours, 0.1, 2000, false),
      rate: within("rate", values.rate, 1, 3000, false),
      faultsPerHundred: within("faults", values.faults, 0, 100, false),
      ...(only === undefined ? {} : { only: new Set(only) }),
      json: values.json,
      keep: values.keep,
      shrink: !values["no-shrink"],
    };
  } catch (error) {
    return { text: `${error instanceof Error ? error.message : String(error)}\nSee --help.`, isError: true };
  }
}

function within(name: string, text: string, least: number, most: number, isWhole = true): number {
  const value = Number(text);
  const isGood =
    text.trim() !== "" && value >= least && value <= most && (!isWhole || Number.isInteger(value));
  if (!isGood)
    throw new Error(
      `--${name} ${text}: ${isWhole ? "a whole number" : "a number"} from ${least} to ${most} is expected`,
    );
  return value;
}
