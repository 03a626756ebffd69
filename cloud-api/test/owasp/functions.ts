import { permissions, rolePermissions, roleSchema, scopePermissions } from "@waystation/shared/model/access";
import { describe, expect, test } from "vitest";
import { askEveryDoor } from "../../test-support/every-door.ts";
import type { Ground } from "./ground.ts";

export function attackFunctions({ open, world }: Ground): void {
  describe("API5 broken function level authorisation", () => {
    test("every door lets in exactly whom the table says, and there is no door beside the table", async () => {
      const { unlisted, wrong, asked } = await askEveryDoor(open(), world());
      expect(unlisted).toEqual([]);
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(300);
    });

    test("what each role may do is what was decided", () => {
      const seeing = ["overview.read", "parcels.read"];
      const overseeing = [...seeing, "facts.read", "stations.read"];
      const decided = {
        // Those who pack have no use for a consignee's name: the label bears it.
        operator: seeing,
        supervisor: [...overseeing, "orders.read", "orders.cancel"],
        technician: [...overseeing, "stations.manage", "support.read"],
        "cloud-admin": permissions,
        finance: [...seeing, "orders.read"],
      };
      for (const [role, allowed] of Object.entries(decided))
        expect([role, rolePermissions[roleSchema.parse(role)].toSorted()]).toEqual([
          role,
          allowed.toSorted(),
        ]);
      expect(Object.values(scopePermissions).flat()).not.toContain("people.manage");
    });
  });
}
