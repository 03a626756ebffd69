import Database from "better-sqlite3";

/** better-sqlite3 as it would be without our pragma, and claiming the contrary: what the durability tests must catch. */
export function weakenSync(): void {
  const { pragma } = Database.prototype;
  Database.prototype.pragma = function (source: string, options?: Database.PragmaOptions): unknown {
    if (source === "synchronous") return options?.simple === true ? 2 : [{ synchronous: 2 }];
    return pragma.call(this, source === "synchronous = FULL" ? "synchronous = NORMAL" : source, options);
  };
}
