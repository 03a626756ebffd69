import { type DestinationStream, destination, type Logger, pino } from "pino";
import type { CloudConfig } from "../config/cloud-config.ts";

type Field = string | number | boolean | null | undefined | readonly (string | number)[] | LogFields;
export type LogFields = { readonly [name: string]: Field };
export type LogLevel = CloudConfig["logLevel"];
/** One line of the log. Never a header, query, body, name or address: who writes a line picks its fields. */
export type LogEntry = LogFields & { readonly level: LogLevel };

export type CloudLogger = {
  readonly write: (entry: LogEntry) => void;
  /** What is still in memory goes out; before the process ends. */
  readonly flush: () => void;
};

const levels = { debug: "debug", info: "info", warning: "warn", error: "error" } as const;

/**
 * JSON lines `{"level","at",...}` on standard error: standard output speaks with whoever started the process.
 * Lines are written without waiting for the reader of the pipe.
 */
export function createLogger(level: LogLevel, stream?: DestinationStream): CloudLogger {
  const sink = stream ?? destination({ fd: 2, sync: false, minLength: 0 });
  const logger: Logger = pino(
    {
      level: levels[level],
      base: null,
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label === "warn" ? "warning" : label }) },
    },
    sink,
  );
  return {
    write: ({ level: own, ...fields }) => logger[levels[own]](fields),
    flush: () => tryFlush(sink),
  };
}

/** The stream may not be open yet, or its reader gone: nothing that could be done at the end. */
function tryFlush(sink: DestinationStream & { flushSync?: () => void }): void {
  try {
    sink.flushSync?.();
  } catch {
    // Nobody reads any more.
  }
}
