import { join } from "node:path";

/** Where data goes unless --data says otherwise: in the checkout, kept out of version control. */
export const defaultDataFolder = join(import.meta.dirname, "../../../.data");
