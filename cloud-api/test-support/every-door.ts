import {
  type Permission,
  type Role,
  roleSchema,
  rolePermissions,
  scopePermissions,
} from "@waystation/shared/model/access";
import { type Access, routeAccess } from "./route-access.ts";
import { adminToken, type TestCloud } from "./test-cloud.ts";
import { joinCloud } from "./test-people.ts";
import type { World } from "./two-tenants.ts";

type Asker = {
  readonly name: string;
  readonly kind: "nobody" | "station" | "customer" | "person" | "root";
  readonly permissions: readonly Permission[];
  /** All hubs of the tenant rather than some. */
  readonly everywhere: boolean;
  readonly headers: Record<string, string>;
};

const mayEnter = (access: Access, asker: Asker): boolean => {
  if (typeof access === "object") return asker.everywhere && asker.permissions.includes(access.everywhere);
  if (access === "anyone") return true;
  if (access === "inside") return false;
  if (access === "station" || access === "person" || access === "root") return asker.kind === access;
  return asker.permissions.includes(access);
};

/** Sends something to every route as everybody and compares who got past the guard. */
export async function askEveryDoor(cloud: TestCloud, world: World) {
  const doors = [
    ...new Set(
      cloud.app.routes
        .filter(({ method }) => method !== "ALL")
        .map(({ method, path }) => `${method} ${path}`),
    ),
  ];
  const askers = await gatherAskers(cloud, world);
  const wrong: string[] = [];
  let asked = 0;
  for (const door of doors.filter((name) => name in routeAccess)) {
    const access = routeAccess[door];
    for (const asker of askers) {
      // Ends the session that the next question needs; its own test has it.
      if (access === undefined || (door === "POST /v1/auth/sign-out" && asker.kind === "person")) continue;
      // The doors of sign-in refuse wrong words with the same numbers as a guard.
      if (access === "anyone" && door.startsWith("POST /v1/auth/")) continue;
      const status = await knock(cloud, door, asker, world.here.station.stationId);
      const entered = status !== 401 && status !== 403;
      asked += 1;
      if (
        entered !== mayEnter(access, asker) ||
        (!entered && status !== (asker.kind === "nobody" || access === "person" ? 401 : 403))
      )
        if (!(access === "inside" && !entered)) wrong.push(`${door} as ${asker.name}: ${status}`);
    }
  }
  return { unlisted: doors.filter((name) => !(name in routeAccess)), wrong, asked };
}

async function knock(cloud: TestCloud, door: string, { headers }: Asker, stationId: string): Promise<number> {
  const [method = "", path = ""] = door.split(" ");
  const address = path.replace(":stationId", stationId).replaceAll(/:\w+/g, "none");
  const body = method === "GET" ? {} : { body: "[]" };
  // Revoking itself would end the asker; as somebody else's it is unknown anyway.
  const safe = /\/(?:revoke|restore)$/.test(path) ? address.replace(stationId, "none") : address;
  const init = { method, headers: { origin: "http://localhost", ...headers }, ...body };
  const response = await cloud.app.request(safe, init);
  await response.body?.cancel();
  return response.status;
}

async function gatherAskers(cloud: TestCloud, world: World): Promise<readonly Asker[]> {
  const all = rolePermissions["cloud-admin"];
  const root = { authorization: `Bearer ${adminToken}` };
  const askers: Asker[] = [
    { name: "nobody", kind: "nobody", permissions: [], everywhere: false, headers: {} },
    {
      name: "a station",
      kind: "station",
      permissions: [],
      everywhere: false,
      headers: world.here.station.headers,
    },
    {
      name: "a customer",
      kind: "customer",
      permissions: Object.values(scopePermissions).flat(),
      everywhere: false,
      headers: world.acme.headers,
    },
    { name: "root", kind: "root", permissions: all, everywhere: true, headers: root },
  ];
  for (const role of roleSchema.options) askers.push(await makePerson(cloud, role, null));
  askers.push(await makePerson(cloud, "cloud-admin", world.here.place.hubId));
  return askers;
}

async function makePerson(cloud: TestCloud, role: Role, hubId: string | null): Promise<Asker> {
  const where = hubId ?? "everywhere";
  const { browser } = await joinCloud(cloud, `door-${role}-${where}@example.com`, [{ role, hubId }]);
  const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  return {
    name: `${role} of ${where}`,
    kind: "person",
    permissions: rolePermissions[role],
    everywhere: hubId === null,
    headers: { cookie },
  };
}
