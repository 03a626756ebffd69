import type { TestCloud } from "../../test-support/test-cloud.ts";
import { type Answer, openBrowser } from "../../test-support/test-people.ts";
import type { World } from "../../test-support/two-tenants.ts";

/** What every attack starts from. */
export type Ground = {
  /** The cloud with fresh limits on the same database. */
  readonly open: () => TestCloud;
  readonly world: () => World;
  /** As whoever the headers name. */
  readonly ask: (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ) => Promise<Answer>;
  /** As a supervisor of our hub, signed in. */
  readonly supervise: (method: string, path: string, body?: unknown) => Promise<Answer>;
};

export const layGround = (open: () => TestCloud, world: () => World): Ground => ({
  open,
  world,
  ask: (method, path, headers, body) => openBrowser(open()).send(method, path, body, { ...headers }),
  supervise: (method, path, body) => world().supervisor.browser.send(method, path, body),
});
