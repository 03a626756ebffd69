import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectDatabase } from "@waystation/cloud-api/db/connect";
import { CompiledQuery } from "kysely";
import { expect, test } from "vitest";
import { openResources } from "./clean-up.ts";
import { openSmallDisk, smallDiskMissing } from "./small-disk.ts";

const title = `a cloud that is started on a full disk${smallDiskMissing === null ? "" : ` (${smallDiskMissing})`}`;
const noProcess = 4_194_303;

test.skipIf(smallDiskMissing !== null)(`${title} says so, and doubts nothing it had`, async () => {
  const disk = openSmallDisk(openResources(), 250_000_000);
  const place = { kind: "folder", path: disk.folder } as const;
  const lockPath = join(disk.folder, "cloud.lock");
  const open = async () => {
    const opened = await connectDatabase(place);
    if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
    return opened.value;
  };
  const first = await open();
  await first.kysely.executeQuery(CompiledQuery.raw("create table kept (number int)"));
  // Were the folder doubted, this would take the place of what comes after it.
  await first.backups?.take((task) => task());
  await first.kysely.executeQuery(CompiledQuery.raw("insert into kept values (1)"));
  const owner = JSON.parse(readFileSync(lockPath, "utf8")) as object;
  await first.close();

  // After a clean end, and as a process leaves the folder that was killed.
  for (const lock of [null, { ...owner, pid: noProcess, started: "0" }]) {
    if (lock !== null) writeFileSync(lockPath, JSON.stringify(lock));
    disk.fill(0);
    const refused = await connectDatabase(place);
    expect(refused.ok ? null : refused.failure.code).toBe("cloud.disk-full");
    disk.makeRoom();
    const again = await open();
    expect(again.restored).toBe(false);
    const { rows } = await again.kysely.executeQuery(CompiledQuery.raw("select number from kept"));
    expect(rows).toEqual([{ number: 1 }]);
    await again.close();
  }
});
