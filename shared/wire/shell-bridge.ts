/** Names shared by the desktop shell, its preload and the screen. Plain constants: the preload stays one tiny file. */

/** The only origin the shell serves, and the only one that may ask it for anything. */
export const shellScheme = "app";
export const shellHost = "station";
export const shellOrigin = `${shellScheme}://${shellHost}`;

/** Screen -> shell: "connect me to the engine". The reply carries one MessagePort on the same channel. */
export const portChannel = "waystation.port";

/** Name of the bridge on `window`; absent in a plain browser, where the screen uses a WebSocket. */
export const bridgeName = "waystationShell";
export type ShellBridge = {
  /** The port arrives as a `message` event of the window: `{ kind: portChannel }` with `ports[0]`. */
  readonly requestPort: () => void;
};

/** First WebSocket subprotocol; the second is `token.<token>`, so that the token is in no address and no log. */
export const socketProtocol = "waystation.v1";
export const socketTokenPrefix = "token.";
export const socketPath = "/rpc";
/** The socket opened, but its token is not this launch's: trying again is of no use. */
export const socketTokenRefused = 4401;
