import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../conformance/recorder.ts";
import { openTcpPipe } from "./pipe.ts";

test("one at a time: the second host waits unheard until the first has gone, then is heard from its first byte", async () => {
  const heard: string[] = [];
  const onData = (bytes: Uint8Array) => void heard.push(Buffer.from(bytes).toString());
  const pipe = await openTcpPipe({ onData }, { oneAtATime: true });
  onTestFinished(pipe.stop);
  if (pipe.connection.type !== "tcp") throw new Error("no TCP");
  const { port } = pipe.connection;
  const first = connect(port, "127.0.0.1");
  await once(first, "connect");
  const second = connect(port, "127.0.0.1");
  await once(second, "connect");
  second.write("second");
  first.write("first");
  await until(() => heard.length > 0, "the first host");
  expect(heard).toEqual(["first"]);
  first.destroy();
  await until(() => heard.length > 1, "the second host");
  expect(heard).toEqual(["first", "second"]);
  second.destroy();
});
