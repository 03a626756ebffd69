import type { Permission } from "@waystation/shared/model/access";
import type { SessionInfo } from "../../modules/overview/console-contract.ts";
import { createCloudClient } from "./cloud-client.ts";
import type { CloudClock } from "./cloud-clock.ts";

/** Who uses the page: whoever has the installation's token, or a person. */
export type Access =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "person"; readonly session: SessionInfo };

/** Only for what is shown: the cloud judges every request by itself. */
export function may(access: Access, permission: Permission): boolean {
  if (access.kind === "token") return true;
  const { permissions, roles } = access.session;
  // The audit log names no hubs, so it is for those who see all of them.
  const reaches = permission !== "audit.read" || roles.some(({ hubId }) => hubId === null);
  return reaches && permissions.includes(permission);
}

const tokenKey = "waystation.admin-token";

/** From the address's fragment, which no server sees, or from before a reload. It lives for this tab only. */
function takeToken(): string | null {
  const given = takeFromFragment("token");
  if (given !== null) sessionStorage.setItem(tokenKey, given);
  return given ?? sessionStorage.getItem(tokenKey);
}

/** Reads a word of the fragment and takes it out of the address, so that it is in no history and no bookmark. */
export function takeFromFragment(name: string): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get(name);
  if (given !== null) history.replaceState(null, "", location.pathname);
  return given;
}

export const keepToken = (token: string): void => sessionStorage.setItem(tokenKey, token);
export const forgetToken = (): void => sessionStorage.removeItem(tokenKey);

/** Null: somebody has to sign in. */
export async function findAccess(clock: CloudClock): Promise<Access | null> {
  const token = takeToken();
  return token === null ? readSession(clock) : { kind: "token", token };
}

/** The person whose session the browser holds, where its second factor was shown. */
export async function readSession(clock: CloudClock): Promise<Access | null> {
  const session = await createCloudClient({ token: null, clock }).read<SessionInfo>("/v1/auth/session");
  return session.ok && session.value.secondFactor ? { kind: "person", session: session.value } : null;
}
