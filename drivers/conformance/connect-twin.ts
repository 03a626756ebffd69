import type { TestContext } from "vitest";
import { type ConnectDeps, connectDevice } from "../connect-device.ts";
import type { AnyDevice, DeviceKind } from "../kit/device.ts";
import type { DeviceDefinition } from "../kit/define.ts";
import type { DeviceOfKind } from "../kit/family.ts";
import { findDefinition } from "../registry.ts";
import { startTwin } from "../twins/registry.ts";
import type { Twin, TwinDeps } from "../twins/twin.ts";
import { createRecorder } from "./recorder.ts";

const isOfKind = <Kind extends DeviceKind>(
  device: AnyDevice,
  kind: Kind,
): device is DeviceOfKind[Kind] & AnyDevice => device.kind === kind;

/** Tests of devices mostly wait, so they run side by side; what ends with one of them is told to its own context. */
export type DeviceTest = Pick<TestContext, "onTestFinished">;

/** A started device talking to a twin over its real pipe; both end with the test. */
export function connectTwin<Kind extends DeviceKind>(
  test: DeviceTest,
  kind: Kind,
  model: string,
  twin: Twin<unknown>,
  options: Readonly<Record<string, unknown>> = {},
  deps: ConnectDeps = {},
) {
  const recorder = createRecorder();
  const binding = { deviceId: `${kind}-1`, model, connection: twin.connection, options };
  const connected = connectDevice(binding, recorder.listener, deps);
  if (!connected.ok) throw new Error(`cannot connect ${model}: ${connected.failure.details.reason}`);
  const device = connected.value;
  if (!isOfKind(device, kind)) throw new Error(`${model} is no ${kind}`);
  test.onTestFinished(device.stop);
  device.start();
  return { device, ...recorder };
}

/** Models of one family share their code: faults are tried on the first, plain work on all. */
export function oneModelPerFamily(definitions: readonly DeviceDefinition[]): readonly string[] {
  const first = new Map<string, string>();
  for (const { familyName, model } of definitions) if (!first.has(familyName)) first.set(familyName, model);
  return [...first.values()];
}

/** The twin of this model's family, ended with the test. The state is what every twin of the kind tells. */
export async function startTwinOf<State>(
  test: DeviceTest,
  model: string,
  options: Readonly<Record<string, unknown>> = {},
  deps: TwinDeps = {},
): Promise<Twin<State>> {
  const family = findDefinition(model)?.familyName ?? model;
  const twin = await startTwin(family, options, deps);
  if (twin === null) throw new Error(`no twin for ${family}`);
  test.onTestFinished(twin.stop);
  return twin as Twin<State>;
}
