import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

const host = hostname();

/** This process, as leases name it. The random part tells it from an earlier process with the same number. */
export const thisHolder = `${host}:${process.pid}:${randomBytes(3).toString("hex")}`;

/** True only when the process certainly is gone: another machine's processes cannot be seen, nor can another function's. */
export function isDeadHolder(holder: string): boolean {
  if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) return false;
  const [machine, pid] = holder.split(":");
  if (machine !== host || pid === undefined || holder === thisHolder) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
