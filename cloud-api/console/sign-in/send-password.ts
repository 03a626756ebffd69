import { type Result, succeed } from "@waystation/shared/failures/result";
import type { SecondFactorSetUp, SignInStep } from "../../modules/overview/console-contract.ts";
import type { CloudClient } from "../connection/cloud-client.ts";

/** What follows on a password: a code is asked for, or there is no second factor yet and here is a new one. */
export type AfterPassword =
  | { readonly next: "second-factor" }
  | { readonly next: "set-up"; readonly setUp: SecondFactorSetUp };

/** Asks for a new factor once and at once, because every new one ends the one before. */
export async function sendPassword(
  client: CloudClient,
  email: string,
  password: string,
): Promise<Result<AfterPassword>> {
  const reply = await client.send<SignInStep>("/v1/auth/sign-in", { email, password });
  if (!reply.ok) return reply;
  if (reply.value.next === "second-factor") return succeed({ next: "second-factor" });
  const made = await client.send<SecondFactorSetUp>("/v1/auth/second-factor/set-up", { password });
  return made.ok ? succeed({ next: "set-up", setUp: made.value }) : made;
}
