import { expect, test } from "vitest";
import { safePasswordCost } from "../../config/cloud-config.ts";
import { readCloudConfig } from "../../config/read-cloud-config.ts";
import { hashPassword, isPassword } from "./password.ts";

const password = "seven brown parcels on a belt";
const environment = { WAYSTATION_CLOUD_ADMIN_TOKEN: "a-long-enough-admin-token" };

test("a cloud set up by its environment hashes with the safe cost, and no variable changes it", () => {
  const config = readCloudConfig(environment);
  expect(config.ok && config.value.passwordCost).toBe(14);
  for (const cost of ["4", "13", "14"]) {
    const refused = readCloudConfig({ ...environment, WAYSTATION_CLOUD_PASSWORD_COST: cost });
    expect(refused).toMatchObject({ ok: false, failure: { code: "config.invalid" } });
  }
});

test("a password is known by its hash again, however its signs are encoded, and no other is", async () => {
  const hash = await hashPassword(`${password} é`, safePasswordCost);
  expect(hash).toMatch(/^scrypt1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await isPassword(hash, `${password} e\u0301`, safePasswordCost)).toBe(true);
  expect(await isPassword(hash, password, safePasswordCost)).toBe(false);
});

test("a hash that was stored before still fits", async () => {
  const stored = "scrypt1$BwcHBwcHBwcHBwcHBwcHBw$-9rVWS7sazLnjnHV8ze5V7Hfnoe9tydTNMnN2PRmRgo";
  expect(await isPassword(stored, password, safePasswordCost)).toBe(true);
});

test("a cheap hash opens nothing at the safe cost, and a spoilt one nothing at all", async () => {
  const cheap = await hashPassword(password, 4);
  expect(await isPassword(cheap, password, 4)).toBe(true);
  expect(await isPassword(cheap, password, safePasswordCost)).toBe(false);
  const disguised = cheap.replace("scrypt1-4", "scrypt1");
  expect(await isPassword(disguised, password, safePasswordCost)).toBe(false);
  for (const spoilt of ["", "scrypt1-4", "scrypt1-4$$", cheap.slice(0, -4), `${cheap}AAAA`])
    expect(await isPassword(spoilt, password, 4)).toBe(false);
});
