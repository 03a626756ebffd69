import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";

/**
 * A stand-in of the `electron` module for tests: it remembers what it was told and lets a test play Electron's part.
 * Ports are real ones. Electron's program is not needed and never fetched.
 */
class App extends EventEmitter {
  isPackaged = false;
  locked = true;
  sandboxed = false;
  quits = 0;
  exited = false;
  switches = new Set<string>();
  commandLine = { hasSwitch: (name: string) => this.switches.has(name) };
  requestSingleInstanceLock = () => this.locked;
  enableSandbox = () => {
    this.sandboxed = true;
  };
  whenReady = () => Promise.resolve();
  getLocale = () => "en-GB";
  getPath = (name: string) => `/${name}`;
  /** As Electron does it: `before-quit` may prevent it. */
  quit = () => {
    this.quits += 1;
    const event = preventable();
    this.emit("before-quit", event);
    this.exited ||= !event.prevented;
  };
}

export function preventable(more: object = {}) {
  const event = {
    prevented: false,
    preventDefault: () => {
      event.prevented = true;
    },
    ...more,
  };
  return event;
}

export class StandInSession extends EventEmitter {
  handlers = new Map<string, (request: { url: string; method: string }) => Promise<Response>>();
  protocol = {
    handle: (scheme: string, handler: (request: { url: string; method: string }) => Promise<Response>) =>
      this.handlers.set(scheme, handler),
  };
  permissionRequest:
    | ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void)
    | null = null;
  permissionCheck: (() => boolean) | null = null;
  devicePermission: (() => boolean) | null = null;
  setPermissionRequestHandler = (handler: StandInSession["permissionRequest"]) => {
    this.permissionRequest = handler;
  };
  setPermissionCheckHandler = (handler: () => boolean) => {
    this.permissionCheck = handler;
  };
  setDevicePermissionHandler = (handler: () => boolean) => {
    this.devicePermission = handler;
  };
}

export class StandInContents extends EventEmitter {
  reloads = 0;
  crashes = 0;
  windowOpen: ((details: { url: string }) => { action: string }) | null = null;
  setWindowOpenHandler = (handler: StandInContents["windowOpen"]) => {
    this.windowOpen = handler;
  };
  reload = () => {
    this.reloads += 1;
  };
  forcefullyCrashRenderer = () => {
    this.crashes += 1;
    this.emit("render-process-gone", {}, { reason: "killed" });
  };
}

export class StandInWindow extends EventEmitter {
  static all: StandInWindow[] = [];
  webContents = new StandInContents();
  shown = false;
  focused = false;
  loaded: string[] = [];
  readonly options: Record<string, unknown> & { webPreferences: Record<string, unknown> };
  constructor(options: StandInWindow["options"]) {
    super();
    this.options = options;
    StandInWindow.all.push(this);
    electron.app.emit("web-contents-created", {}, this.webContents);
  }
  show = () => {
    this.shown = true;
  };
  focus = () => {
    this.focused = true;
  };
  isMinimized = () => false;
  restore = () => undefined;
  isDestroyed = () => false;
  loadURL = async (url: string) => {
    this.loaded.push(url);
  };
}

export class StandInProcess extends EventEmitter {
  static all: StandInProcess[] = [];
  posted: { message: unknown; ports: MessagePort[] }[] = [];
  killed = false;
  readonly entryPath: string;
  readonly args: string[];
  constructor(entryPath: string, args: string[]) {
    super();
    this.entryPath = entryPath;
    this.args = args;
    StandInProcess.all.push(this);
  }
  postMessage = (message: unknown, ports: MessagePort[] = []) => this.posted.push({ message, ports });
  kill = () => {
    this.killed = true;
    this.emit("exit", 1);
  };
}

export class StandInFrame {
  posted: { channel: string; ports: MessagePort[] }[] = [];
  readonly origin: string;
  readonly parent: StandInFrame | null;
  constructor(origin: string, parent: StandInFrame | null = null) {
    this.origin = origin;
    this.parent = parent;
  }
  postMessage = (channel: string, _message: unknown, ports: MessagePort[]) =>
    this.posted.push({ channel, ports });
}

const makeElectron = () => ({
  app: new App(),
  schemes: [] as { scheme: string; privileges: Record<string, boolean> }[],
  session: { defaultSession: new StandInSession() },
  ipcMain: new EventEmitter(),
  ipcRenderer: Object.assign(new EventEmitter(), { sent: [] as string[] }),
  exposed: {} as Record<string, unknown>,
  messages: [] as { message: string; detail: string }[],
  /** Which button the person presses; null: nobody is there. */
  pressed: null as number | null,
  menu: undefined as unknown,
  blockers: [] as string[],
  crashReports: [] as { uploadToServer: boolean }[],
});

/** One per test; `vi.mock` hands out the module below, which reads it. */
export let electron = makeElectron();

export function resetElectron(): typeof electron {
  electron = makeElectron();
  StandInWindow.all = [];
  StandInProcess.all = [];
  return electron;
}

export const electronModule = {
  get app() {
    return electron.app;
  },
  get session() {
    return electron.session;
  },
  get ipcMain() {
    return electron.ipcMain;
  },
  get ipcRenderer() {
    return Object.assign(electron.ipcRenderer, {
      send: (channel: string) => electron.ipcRenderer.sent.push(channel),
    });
  },
  protocol: {
    registerSchemesAsPrivileged: (schemes: typeof electron.schemes) => electron.schemes.push(...schemes),
  },
  contextBridge: {
    exposeInMainWorld: (name: string, api: unknown) => {
      electron.exposed[name] = api;
    },
  },
  BrowserWindow: StandInWindow,
  MessageChannelMain: MessageChannel,
  utilityProcess: { fork: (entryPath: string, args: string[]) => new StandInProcess(entryPath, args) },
  powerSaveBlocker: { start: (kind: string) => electron.blockers.push(kind) },
  crashReporter: { start: (options: { uploadToServer: boolean }) => electron.crashReports.push(options) },
  Menu: {
    setApplicationMenu: (menu: unknown) => {
      electron.menu = menu;
    },
  },
  dialog: {
    showMessageBox: async (_window: unknown, options: { message: string; detail: string }) => {
      electron.messages.push(options);
      if (electron.pressed === null) return new Promise(() => undefined);
      return { response: electron.pressed };
    },
  },
};
