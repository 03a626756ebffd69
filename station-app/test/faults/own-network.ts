import { execFileSync, spawnSync } from "node:child_process";
import { isAlive } from "./clean-up.ts";

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });

/** Why no networks of one's own can be had here; null: they can. */
export const networkMissing: string | null = canSeparate()
  ? null
  : "skipped: network namespaces need root and the program ip";

function canSeparate(): boolean {
  if (process.getuid?.() !== 0) return false;
  const name = `wsn-${process.pid}-try`;
  const made = spawnSync("ip", ["netns", "add", name]).status === 0;
  if (made) spawnSync("ip", ["netns", "delete", name]);
  return made;
}

export type OwnNetworks = ReturnType<typeof openOwnNetworks>;

/** Two networks with one cable between them: the cloud's and the station's. */
export function openOwnNetworks(resources: AsyncDisposableStack) {
  removeStale();
  const [cloud, station] = [`wsn-${process.pid}-cloud`, `wsn-${process.pid}-station`];
  const hosts = { cloud: "10.213.7.1", station: "10.213.7.2" };
  for (const name of [cloud, station]) {
    ip("netns", "add", name);
    // The cable goes with its ends.
    resources.defer(() => void spawnSync("ip", ["netns", "delete", name]));
  }
  const inside = (name: string, ...args: string[]): string => ip("-n", name, ...args);
  ip(
    "link",
    "add",
    "ws-cloud",
    "netns",
    cloud,
    "type",
    "veth",
    "peer",
    "name",
    "ws-station",
    "netns",
    station,
  );
  for (const [name, link, host] of [
    [cloud, "ws-cloud", hosts.cloud],
    [station, "ws-station", hosts.station],
  ] as const) {
    inside(name, "address", "add", `${host}/24`, "dev", link);
    inside(name, "link", "set", link, "up");
    inside(name, "link", "set", "lo", "up");
  }
  return {
    hosts,
    within: {
      cloud: ["ip", "netns", "exec", cloud],
      station: ["ip", "netns", "exec", station],
    },
    /** The cable is out on the cloud's side: the station is told nothing. */
    unplug: (): void => void inside(cloud, "link", "set", "ws-cloud", "down"),
    plug: (): void => void inside(cloud, "link", "set", "ws-cloud", "up"),
    /** Packets to the cloud vanish without an answer. */
    swallow: (): void => void inside(station, "route", "add", "blackhole", `${hosts.cloud}/32`),
    letThrough: (): void => void inside(station, "route", "delete", "blackhole", `${hosts.cloud}/32`),
    exec: (name: "cloud" | "station", program: string, args: readonly string[]): string =>
      execFileSync("ip", ["netns", "exec", name === "cloud" ? cloud : station, program, ...args], {
        encoding: "utf8",
      }),
  };
}

/** Left by a worker that had no chance to clean up. */
function removeStale(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const [name = ""] = line.split(" ");
    const owner = Number(/^wsn-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (owner !== process.pid && !isAlive(owner)) spawnSync("ip", ["netns", "delete", name]);
  }
}
