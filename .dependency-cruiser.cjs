// The import borders of the house. Paths are relative to the checkout; type-only imports count like any other,
// except where a border is about what happens at run time (sockets).
// `.ci/check-borders.ts` runs this and `.ci/check-borders.test.ts` plants one violation of every rule.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const npm = (...names) => names.map((name) => `(^|/)node_modules/${name}/|^${name}(/|$)`);
const any = (...patterns) => patterns.flat().join("|");

/** Tests, benchmarks and the command line put everything together: they may import anything. */
const free = any(
  "(^|/)(bench|test|test-support|conformance|hardware-rig)/",
  "\\.test\\.tsx?$",
  "\\.test-support\\.tsx?$",
  "\\.config\\.(ts|cjs)$",
  "^station-app/cli/",
  "^\\.ci/",
  "^[^/]+\\.c?ts$",
);

/** Started by name and not by an import: processes, worker threads, pages. */
const entries = any(
  "^station-app/(engine|replica)/entry\\.ts$",
  "^station-app/main/(start-app|main|entry)\\.ts$",
  "^station-app/preload/[^/]+\\.ts$",
  "^cloud-api/server\\.ts$",
  "^drivers/twins/run-twin\\.ts$",
  "[/-](worker|child)\\.ts$",
  "^(station-app/renderer|cloud-api/console)/(app/)?(main|index|entry)\\.tsx$",
);

/** Lies among the product and serves its tests only. */
const testOnly = any(
  "^drivers/kit/manual-clock\\.ts$",
  "^drivers/transport/memory\\.ts$",
  "^station-app/main/electron-stand-in\\.ts$",
);

const sockets = any(
  "^(node:)?(net|tls|dgram|dns|http|https|http2|inspector)(/|$)",
  ...npm("ws", "undici", "@hono/node-server", "@hono/node-ws"),
);
const deviceLibraries = any(
  ...npm(
    "serialport",
    "@serialport/[^/]+",
    "node-hid",
    "usb",
    "jsmodbus",
    "modbus-serial",
    "nodes7",
    "st-ethernet-ip",
    "node-opcua[^/]*",
  ),
);
const electron = any(...npm("electron", "electron-updater"));
const react = any(...npm("react", "react-dom", "react-i18next", "@mantine/[^/]+", "@vitejs/plugin-react"));
const notForBrowsers = any(
  electron,
  ...npm(
    "better-sqlite3",
    "@napi-rs/canvas",
    "@orpc/server",
    "commander",
    "@electric-sql/pglite",
    "pg",
    "kysely",
    "hono",
  ),
);

/** What shared/ may use is what its package.json names. */
const sharedLibraries = () => {
  const { dependencies = {} } = JSON.parse(readFileSync(join(__dirname, "shared/package.json"), "utf8"));
  return npm(...Object.keys(dependencies));
};

const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    forbid("no-cycle", "No import cycles.", {}, { circular: true }),
    forbid("no-unresolvable", "The imported file or package does not exist.", {}, { couldNotResolve: true }),
    forbid(
      "no-orphan",
      "Nothing imports this file and it imports nothing.",
      { orphan: true, pathNot: any(free, entries, "\\.d\\.ts$", "^fixtures/") },
      {},
    ),
    forbid(
      "no-dead-file",
      "No process, test folder or benchmark reaches this file; its own unit test does not count.",
      {
        path: any(
          entries,
          "(^|/)(bench|test|conformance|hardware-rig)/",
          "^station-app/cli/",
          "^[^/]+\\.c?ts$",
          "^\\.ci/",
        ),
      },
      {
        path: "^(shared|drivers|station-app|cloud-api)/",
        pathNot: any(free, entries, testOnly, "\\.d\\.ts$"),
        reachable: false,
      },
    ),
    forbid(
      "product-never-imports-tests",
      "Code of the product does not lean on tests, benchmarks or the command line.",
      { pathNot: free },
      {
        path: any(
          "(^|/)(bench|test|conformance|hardware-rig)/",
          "\\.test(-support)?\\.tsx?$",
          "^station-app/cli/",
        ),
        pathNot: "node_modules/",
      },
    ),
    forbid(
      "packages-by-name",
      "Another package is imported by its name (@waystation/...), never by a path across the folders.",
      { path: "^(shared|drivers|station-app|cloud-api|fixtures)/" },
      {
        path: "^(shared|drivers|station-app|cloud-api|fixtures)/",
        pathNot: "^$1/",
        dependencyTypes: ["local"],
        dependencyTypesNot: ["aliased"],
      },
    ),

    forbid(
      "shared-is-pure",
      "shared/ imports itself and the libraries of its package.json: no I/O, no Node built-ins.",
      { path: "^shared/", pathNot: free },
      { pathNot: any("^shared/", ...sharedLibraries()) },
    ),
    forbid(
      "drivers-import-shared",
      "drivers/ imports shared/ and its libraries.",
      { path: "^drivers/", pathNot: any(free, "^drivers/twins/") },
      { path: any("^(station-app|cloud-api|fixtures)/", electron, react) },
    ),
    forbid(
      "twins-import-shared",
      "Twins may read fixtures too.",
      { path: "^drivers/twins/", pathNot: free },
      { path: any("^(station-app|cloud-api)/", electron, react) },
    ),
    forbid(
      "device-libraries-in-transport",
      "Native modules and device protocols only inside drivers/transport.",
      { pathNot: any(free, "^drivers/transport/", "^drivers/twins/sorters/opc-ua\\.ts$") },
      { path: deviceLibraries },
    ),
    forbid(
      "sockets-at-the-edges",
      "Sockets open in drivers/transport, at the twins' end of the line, in the engine's RPC server and the cloud's.",
      {
        pathNot: any(
          free,
          "^drivers/transport/",
          "^drivers/twins/sorters/opc-ua\\.ts$",
          "^station-app/engine/edge/rpc",
          "^cloud-api/(server|start-cloud|serve-shapes)\\.ts$",
        ),
      },
      { path: sockets, dependencyTypesNot: ["type-only"] },
    ),
    forbid(
      "engine-borders",
      "The engine imports shared/, drivers/ and its libraries: no windows, no screens, no cloud.",
      { path: "^station-app/engine/", pathNot: free },
      { path: any("^(cloud-api|fixtures)/", "^station-app/(?!engine/)", electron, react) },
    ),
    forbid(
      "main-borders",
      "main/ imports wire and failures, Electron and Node; it forks the engine.",
      { path: "^station-app/main/", pathNot: any(free, "^station-app/main/build-shell\\.ts$") },
      {
        pathNot: any("^station-app/main/", "^shared/(wire|failures)/", electron, ...npm("zod")),
        dependencyTypesNot: ["core"],
      },
    ),
    forbid(
      "preload-borders",
      "preload/ imports wire and Electron's bridge.",
      { path: "^station-app/preload/", pathNot: free },
      { pathNot: any("^station-app/preload/", "^shared/wire/", electron) },
    ),
    forbid(
      "renderer-borders",
      "The renderer imports model, session/view, decision types and texts, wire, failures and the pure wedge decoder.",
      { path: "^station-app/renderer/", pathNot: free },
      {
        path: "^(shared|drivers|station-app|cloud-api|fixtures)/",
        pathNot: any(
          "^station-app/renderer/",
          "^shared/(model|wire|failures)/",
          "^shared/session/view\\.ts$",
          "^shared/decision/(reasons|types|decision)\\.ts$",
          "^drivers/scanners/wedge(\\.ts|/)",
        ),
      },
    ),
    forbid(
      "pages-have-no-node",
      "Pages run in a browser: no Node built-ins, no server libraries.",
      { path: "^(station-app/renderer|cloud-api/console)/", pathNot: free },
      { path: notForBrowsers },
    ),
    forbid(
      "pages-have-no-node-built-ins",
      "Pages run in a browser: no Node built-ins.",
      { path: "^(station-app/renderer|cloud-api/console)/", pathNot: free },
      { dependencyTypes: ["core"] },
    ),
    forbid(
      "cloud-borders",
      "cloud-api/ imports shared/ and its libraries.",
      { path: "^cloud-api/", pathNot: free },
      { path: any("^(drivers|station-app|fixtures)/", electron, deviceLibraries) },
    ),
    forbid(
      "react-in-console",
      "Of the cloud only its console draws pages.",
      { path: "^cloud-api/", pathNot: any(free, "^cloud-api/console/") },
      { path: any(react, "^cloud-api/console/") },
    ),
    forbid(
      "console-borders",
      "The console imports shared/ and a module's contract of what it serves; all else it asks over HTTP.",
      { path: "^cloud-api/console/", pathNot: free },
      { path: "^cloud-api/", pathNot: "^cloud-api/(console/|modules/[^/]+/[^/]+-contract\\.ts$)" },
    ),
    forbid(
      "carriers-never-import-modules",
      "A carrier maps between our words and its API; it knows no module.",
      { path: "^cloud-api/carriers/", pathNot: free },
      { path: "^cloud-api/modules/" },
    ),
    forbid(
      "modules-meet-at-use-cases",
      "A module reaches another only through a file named after a use case, never its routes, queries or tables.",
      { path: "^cloud-api/modules/([^/]+)/", pathNot: free },
      {
        path: any(
          "^cloud-api/modules/[^/]+/[^/]*(routes|queries|tables|schema|handlers|types)\\.ts$",
          "^cloud-api/modules/[^/]+/[^/]+/",
        ),
        pathNot: "^cloud-api/modules/$1/",
      },
    ),
    forbid(
      "checker-stands-alone",
      "The checker of runs shares no code with what it checks: Node built-ins and the databases' own libraries only.",
      { path: "^station-app/test/checker/", pathNot: "\\.test(-support)?\\.ts$" },
      {
        pathNot: any(
          "^station-app/test/checker/(?!.*\\.test(-support)?\\.ts$)",
          ...npm("better-sqlite3", "@electric-sql/pglite", "pg"),
        ),
        dependencyTypesNot: ["core"],
      },
    ),
    forbid(
      "fixtures-are-data",
      "fixtures/ import nothing.",
      { path: "^fixtures/", pathNot: free },
      { pathNot: "^fixtures/" },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "require", "default", "types"],
      extensions: [".ts", ".tsx", ".mjs", ".cjs", ".js", ".json", ".d.ts"],
    },
  },
};
