import type { Failure } from "@waystation/shared/failures/result";

/** Says whose failure it is: the sentences of the catalogue name {device}. */
export function withDevice(failure: Failure, deviceId: string): Failure {
  return { ...failure, details: { device: deviceId, ...failure.details } };
}
