import { type Failure, fail } from "@waystation/shared/failures/result";

const causesLookedAt = 5;
/** Class 08: the connection; 57P01 to 57P05: the server ends or starts; 53300: it takes no more connections. */
const isAway = (code: string): boolean =>
  /^(08...|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code);
const isFull = (code: string): boolean => code === "53100" || code === "ENOSPC" || code === "EDQUOT";
const cutOff = /^Connection terminated|^timeout exceeded when trying to connect/;

/**
 * Troubles of the database that are no bug of ours and pass by themselves or when somebody makes room: cloud.disk-full
 * or database.unreachable. Null: anything else.
 */
export function explainTrouble(error: unknown): Failure | null {
  let looked = error;
  for (let depth = 0; depth < causesLookedAt && looked instanceof Error; depth += 1) {
    const code = "code" in looked ? String(looked.code) : "";
    if (isFull(code)) return fail("cloud.disk-full").failure;
    if (isAway(code) || cutOff.test(looked.message)) return fail("database.unreachable").failure;
    looked = looked.cause;
  }
  return null;
}
