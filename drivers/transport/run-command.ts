import { spawn } from "node:child_process";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

export type Command = {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly input?: Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

/** What the programs of the system are told by their environment, such as CUPS_SERVER, holds for us as well. */
export const readEnvironment = (name: string): string | undefined => process.env[name];

const outputLimitBytes = 64 * 1024;

/** Runs a program without a shell; its output, or why it did not end well. Never rejects. */
export function runCommand(command: Command): Promise<Result<string>> {
  return new Promise((resolve) => {
    // LC_ALL: what it says is read by a program
    const env = { ...process.env, LC_ALL: "C", ...command.environment };
    const child = spawn(command.program, [...command.parameters], {
      env,
      timeout: command.timeoutMs,
      killSignal: "SIGKILL",
      windowsHide: true,
    });
    let output = "";
    let complaint = "";
    child.stdout.on("data", (bytes: Buffer) => {
      if (output.length < outputLimitBytes) output += bytes.toString("utf8");
    });
    child.stderr.on("data", (bytes: Buffer) => {
      if (complaint.length < outputLimitBytes) complaint += bytes.toString("utf8");
    });
    // a program that does not read its input closes the pipe under us
    child.stdin.on("error", () => undefined);
    child.stdin.end(command.input ?? new Uint8Array());
    const refuse = (cause: unknown) =>
      resolve(fail("device.disconnected", { address: command.program }, cause));
    child.on("error", refuse);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(succeed(output));
      else refuse(complaint.trim() || `${command.program} ended with ${code ?? signal}`);
    });
  });
}
