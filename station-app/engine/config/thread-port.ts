/** A thread's end of its line to the edge. In the simulator the other end is in the same process. */
export type ThreadPort<In, Out> = {
  readonly postMessage: (message: Out, handedOver?: readonly ArrayBuffer[]) => void;
  readonly on: (event: "message", listener: (message: In) => void) => unknown;
  readonly close: () => void;
};
