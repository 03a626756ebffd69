import { createHmac } from "node:crypto";
import type { Role } from "@waystation/shared/model/access";
import { asAdmin, type TestCloud } from "./test-cloud.ts";

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };

export type Browser = {
  /** Cookies by name, as the cloud set them. */
  readonly jar: Map<string, string>;
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
};

/** Keeps cookies and names the origin, as a browser on the cloud's own page does. */
export function openBrowser(cloud: TestCloud): Browser {
  const jar = new Map<string, string>();
  return {
    jar,
    send: async (method, path, body, more = {}) => {
      const headers = new Headers({
        origin: "http://localhost",
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...more,
      });
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const response = await cloud.app.request(path, init);
      for (const line of response.headers.getSetCookie()) keepCookie(jar, line);
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === "" ? null : JSON.parse(text),
      };
    },
  };
}

function keepCookie(jar: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split(";");
  const cut = pair.indexOf("=");
  const isOver = attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute));
  if (isOver || cut === pair.length - 1) jar.delete(pair.slice(0, cut));
  else jar.set(pair.slice(0, cut), pair.slice(cut + 1));
}

/** RFC 6238 with six digits and 30 seconds; `steps` looks that many of them ahead. */
export function computeCode(totpUri: string, steps = 0): string {
  const secret = fromBase32(new URL(totpUri).searchParams.get("secret") ?? "");
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", secret).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, "0");
}

function fromBase32(text: string): Buffer {
  const bits = [...text.replaceAll("=", "")]
    .map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0"))
    .join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export const goodPassword = "seven brown parcels on a belt";

type Grant = { readonly role: Role; readonly hubId: string | null };

export async function invite(
  cloud: TestCloud,
  email: string,
  roles: readonly Grant[],
  headers: Record<string, string> = asAdmin,
): Promise<{ readonly personId: string; readonly code: string }> {
  const answer = await openBrowser(cloud).send("POST", "/v1/people", { email, name: email, roles }, headers);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body as { personId: string; code: string };
}

export type SignedIn = {
  readonly browser: Browser;
  readonly personId: string;
  readonly email: string;
  readonly totpUri: string;
  readonly backupCodes: readonly string[];
};

/** Invited, joined, second factor set up, signed in. */
export async function joinCloud(
  cloud: TestCloud,
  email: string,
  roles: readonly Grant[],
  headers: Record<string, string> = asAdmin,
): Promise<SignedIn> {
  const { personId, code } = await invite(cloud, email, roles, headers);
  return { ...(await acceptInvitation(cloud, email, code)), personId, email };
}

export async function acceptInvitation(cloud: TestCloud, email: string, code: string) {
  const browser = openBrowser(cloud);
  const must = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await browser.send("POST", path, body);
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await must("/v1/auth/invitations", { code, password: goodPassword });
  await must("/v1/auth/sign-in", { email, password: goodPassword });
  const { totpUri, backupCodes } = (await must("/v1/auth/second-factor/set-up", {
    password: goodPassword,
  })) as {
    totpUri: string;
    backupCodes: string[];
  };
  await must("/v1/auth/second-factor", { code: computeCode(totpUri) });
  return { browser, totpUri, backupCodes };
}

export async function signInAgain(cloud: TestCloud, person: SignedIn, code: string): Promise<Browser> {
  const browser = openBrowser(cloud);
  await browser.send("POST", "/v1/auth/sign-in", { email: person.email, password: goodPassword });
  await browser.send("POST", "/v1/auth/second-factor", { code });
  return browser;
}
