import { z } from "zod";
import { type FailureCode, failureCatalog } from "../failures/catalog.ts";

/**
 * Between the desktop shell and the engine it forked, over the utility process's `parentPort`. Unknown messages are
 * ignored by both sides. The engine says `ready` once; before that the shell keeps the windows' requests for a port.
 */
export const shellPortVersion = 1;

const failureSchema = z.object({
  code: z.enum(Object.keys(failureCatalog) as [FailureCode, ...FailureCode[]]),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  cause: z.string().max(500).exactOptional(),
});

export const shellToEngineSchema = z.discriminatedUnion("kind", [
  /** Comes with one port (`event.ports[0]`): a screen. The engine serves the station contract on it. */
  z.object({ kind: z.literal("attach-screen"), version: z.literal(shellPortVersion) }),
  /** Finish what is under way, answer `stopped`, exit 0. After `deadlineMs` the shell ends the process. */
  z.object({ kind: z.literal("stop"), deadlineMs: z.int().min(0).max(60_000) }),
]);
export type ShellToEngine = z.infer<typeof shellToEngineSchema>;

export const engineToShellSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), version: z.literal(shellPortVersion) }),
  /** The engine cannot start and starting it again would not help; the shell shows the sentence and does not restart it. */
  z.object({ kind: z.literal("failed"), failure: failureSchema }),
  z.object({ kind: z.literal("stopped") }),
]);
export type EngineToShell = z.infer<typeof engineToShellSchema>;
