import { channelSchema } from "@waystation/shared/model/channel";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import { parseJson } from "./parse-json.ts";
import { completeRow, type RowListener, type SettingShape, type ShapeRow } from "./shape-row.ts";
import type { ShapeStatements } from "./shape-statements.ts";

export type SettingWriter = ReturnType<typeof createSettingWriter>;

/** Channels and sort plans: what the lanes decide by is checked here, once. */
export function createSettingWriter({ settings: statements }: ShapeStatements, onRow: RowListener) {
  /** A body that is not valid leaves the former version in force. */
  function take(shape: SettingShape, key: string, row: ShapeRow): void {
    const setting = completeRow(row, { number: "version", text: "body" }, () => {
      const stored = statements[shape].read.get(key) as StoredSetting | undefined;
      return stored && { number: stored.version, text: stored.body };
    });
    const valid = setting !== undefined && isValid(shape, key, setting.text);
    if (valid) statements[shape].stage.run(key, setting.number, setting.text);
    statements[shape][valid ? "accept" : "refuse"].run(key);
    onRow(shape, key, valid);
  }

  return {
    take,
    drop(shape: SettingShape, key: string): void {
      statements[shape].drop.run(key);
      statements[shape].accept.run(key);
    },
    clear(shape: SettingShape): void {
      statements[shape].clear.run();
      statements[shape].acceptAll.run();
    },
  };
}

type StoredSetting = { readonly version: number; readonly body: string };

function isValid(shape: SettingShape, key: string, body: string): boolean {
  if (shape === "channels") return channelSchema.safeParse(parseJson(body)).data?.code === key;
  return sortPlanSchema.safeParse(parseJson(body)).data?.planId === key;
}
