import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";

/** The operating system account that PostgreSQL runs under, as spawn wants it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

// `_postgres` ships with macOS; `nobody` exists everywhere.
const CANDIDATES = ["postgres", "_postgres", "nobody"];

/**
 * The account to start PostgreSQL under, which refuses uid 0: `undefined` (ourselves) for an ordinary user, else the
 * owner of the data when there is some, else the first unprivileged account that exists here. `undefined` too when root
 * has none, and PostgreSQL then says why itself.
 */
export function serverAccount(data?: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = data === undefined ? undefined : statSync(data, { throwIfNoEntry: false });
  if (owner) return { uid: owner.uid, gid: owner.gid };
  for (const name of CANDIDATES) {
    const uid = numericId("-u", name);
    const gid = numericId("-g", name);
    if (uid && gid !== undefined) return { uid, gid };
  }
  return undefined;
}

/** Asks `id` and not /etc/passwd: accounts may live in LDAP or in the directory service of macOS. */
function numericId(option: "-u" | "-g", name: string): number | undefined {
  try {
    const text = execFileSync("id", [option, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    // `nobody` is -2 on macOS and printed unsigned, while spawn takes a signed 32-bit number.
    return Number.parseInt(text, 10) | 0;
  } catch {
    return undefined;
  }
}
