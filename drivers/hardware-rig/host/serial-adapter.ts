import { connect, type Socket } from "node:net";
import type { HostCommand } from "../commands.ts";

/**
 * A scale speaking MT-SICS at the far end of the guest's USB serial adapter. Being connected is being plugged in.
 * It answers the questions the product asks and says whatever else a test wants on the line.
 */
export function createSerialAdapter(socketPath: string) {
  let line: Socket | null = null;
  let weight = "0.00";
  let isMute = false;

  const plug = () =>
    new Promise<void>((resolve, reject) => {
      if (line !== null) return resolve();
      isMute = false;
      const socket = connect(socketPath);
      let received = "";
      socket.on("error", reject);
      socket.once("connect", resolve);
      socket.on("data", (bytes) => {
        received += bytes.toString("latin1");
        const questions = received.split("\r\n");
        received = questions.pop() ?? "";
        if (!isMute) for (const question of questions) socket.write(answer(question));
      });
      line = socket;
    });

  const answer = (question: string): string => {
    if (question === "S" || question === "SI") return `S S ${weight.padStart(10)} g\r\n`;
    return question === "I4" ? 'I4 A "RIG1"\r\n' : "ES\r\n";
  };

  const unplug = () =>
    new Promise<void>((resolve) => {
      if (line === null) return resolve();
      line.once("close", () => resolve());
      line.destroy();
      line = null;
    });

  return {
    unplug,
    obey: async (command: HostCommand): Promise<void> => {
      if (command.command === "plug") return plug();
      if (command.command === "unplug") return unplug();
      if (command.command === "load") weight = command.weight;
      else if (command.command === "mute") isMute = true;
      else line?.write(Buffer.from(command.text, "latin1"));
    },
  };
}
