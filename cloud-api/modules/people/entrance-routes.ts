import { type Context, Hono } from "hono";
import { fail, type Result } from "@waystation/shared/failures/result";
import { hashToken } from "../access/tokens.ts";
import { clientAddress } from "../../http/client-address.ts";
import type { CloudDeps, CloudEnv } from "../../http/cloud-env.ts";
import { replyFailure, replyResult } from "../../http/failure-reply.ts";
import { createGate } from "../../http/gate.ts";
import { createRateLimit } from "../../http/rate-limit.ts";
import { readInput } from "../../http/read-input.ts";
import { readRequestId } from "../access/guard.ts";
import { acceptInvitation, acceptSchema } from "./invitation.ts";
import { isFromOwnPage } from "./own-origin.ts";
import { passSecondFactor, secondFactorSchema, signIn, signInSchema, type WithCookies } from "./sign-in.ts";

const quarterMs = 900_000;

/** The doors of people, all under /v1/auth. Whoever comes here has no session yet, so each of them is limited. */
export function entranceRoutes(deps: CloudDeps): Hono<CloudEnv> {
  const routes = new Hono<CloudEnv>();
  const addresses = createRateLimit({ perKey: 50, inAll: 2000, windowMs: quarterMs });
  const accounts = createRateLimit({ perKey: 10, windowMs: quarterMs });
  // A password costs a fifth of a second of a core: more at once would starve everything else.
  const gate = createGate({ running: 2, waiting: 20 });
  const passwordDeps = { kysely: deps.database.kysely, passwordCost: deps.config.passwordCost };

  const limited = async <T>(
    context: Context,
    account: string,
    task: () => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    const address = clientAddress(context, deps.config.proxyHops);
    // Together with the address, so that a stranger cannot keep somebody out by failing in their name.
    const own = `${address} ${hashToken(account)}`;
    const fromAddress = addresses.take(address);
    if (!fromAddress.ok) return fromAddress;
    const onAccount = accounts.take(own);
    if (!onAccount.ok) return onAccount;
    const result = await gate(address, task);
    if (result.ok) {
      addresses.giveBack(address);
      accounts.giveBack(own);
    }
    return result;
  };

  routes.use("/v1/auth/*", async (context: Context<CloudEnv>, next) =>
    context.req.method === "GET" || isFromOwnPage(deps.config, context.req.raw)
      ? next()
      : replyFailure(context, fail("access.origin").failure),
  );
  routes.post("/v1/auth/sign-in", async (context) => {
    const input = await readInput(context.req.raw, signInSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const headers = context.req.raw.headers;
    const { value } = input;
    return replyWithCookies(
      context,
      await limited(context, value.email.toLowerCase(), () => signIn(deps, headers, value)),
    );
  });
  routes.post("/v1/auth/second-factor", async (context) => {
    const input = await readInput(context.req.raw, secondFactorSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const { headers } = context.req.raw;
    const task = () => passSecondFactor(deps, headers, input.value, readRequestId(context));
    return replyWithCookies(context, await limited(context, headers.get("cookie") ?? "", task));
  });
  routes.post("/v1/auth/invitations", async (context) => {
    const input = await readInput(context.req.raw, acceptSchema);
    if (!input.ok) return replyFailure(context, input.failure);
    const task = () => acceptInvitation(passwordDeps, input.value, readRequestId(context));
    return replyResult(context, await limited(context, input.value.code, task));
  });
  return routes;
}

export function replyWithCookies<T>(context: Context, result: Result<WithCookies<T>>): Response {
  if (!result.ok) return replyFailure(context, result.failure);
  for (const cookie of result.value.cookies) context.header("set-cookie", cookie, { append: true });
  context.header("cache-control", "no-store");
  return context.json(result.value.value);
}
