import { auditRelation, RunbackError, type TableRef, type Vault } from "@runback/core";
import { readAll } from "@runback/vault";

/** Rows with these ids, in order: how many, and the SHA-256 of their digests. */
export interface AnchoredRange {
  /** The first id that may be in it; ranges are a thousand ids wide. */
  readonly from: number;
  readonly rows: number;
  readonly sha256: string;
}

/** What an audit table held when it was last found whole; in the vault, where the target's own administrators cannot reach. */
export interface ScanAnchor {
  readonly relation: string;
  /** ISO 8601. */
  readonly at: string;
  /** True when the table was removed with its rows exported: what comes after is another table. */
  readonly closed: boolean;
  /** Columns that the digests are over. */
  readonly columns: readonly string[];
  readonly rows: number;
  /** The highest id there was. */
  readonly seen: number;
  /** Ids up to here are settled: no transaction that took one can still be under way. */
  readonly settled: number;
  readonly ranges: readonly AnchoredRange[];
  /** Ids above, each with the digest of its row: one that appears between them was merely slow. */
  readonly recent: readonly (readonly [id: number, digest: string])[];
}

const maxAnchorBytes = 256 * 1024 * 1024;

const prefixOf = (table: TableRef) =>
  `attendance/audit-anchors/${auditRelation(table).replace(/[%/\\\p{Cc}]/gu, (char) => encodeURIComponent(char))}/`;

/** Twelve digits: key order is the order they were written in. */
const keyOf = (table: TableRef, at: number) => `${prefixOf(table)}${String(at).padStart(12, "0")}.json`;

/** The newest anchor, and how many there are. @throws `ATTENDANCE_ANCHOR_DAMAGED` */
export async function newestAnchor(
  vault: Vault,
  table: TableRef,
): Promise<{ readonly anchor: ScanAnchor | undefined; readonly count: number }> {
  let newest: string | undefined;
  for await (const { key } of vault.list(prefixOf(table))) newest = key;
  if (newest === undefined) return { anchor: undefined, count: 0 };
  const count = Number(/(\d{12})\.json$/.exec(newest)?.[1] ?? Number.NaN);
  const text = Buffer.from(await readAll(vault.get(newest), maxAnchorBytes, "The anchor of the attendance audit"));
  const anchor = parse(text.toString());
  if (anchor?.relation === auditRelation(table) && Number.isSafeInteger(count)) return { anchor, count };
  throw new RunbackError(
    "ATTENDANCE_ANCHOR_DAMAGED",
    `The object ${newest} in ${vault.location} is no anchor of this table.`,
    {
      recovery: "Anchors are written once: find out who wrote to the vault. Nothing was changed.",
      exit: 1,
      status: 409,
    },
  );
}

function parse(text: string): ScanAnchor | undefined {
  try {
    const value = JSON.parse(text) as Partial<ScanAnchor> | null;
    const sound =
      typeof value?.relation === "string" &&
      typeof value.at === "string" &&
      Number.isSafeInteger(value.seen) &&
      Number.isSafeInteger(value.settled) &&
      Array.isArray(value.columns) &&
      Array.isArray(value.ranges) &&
      Array.isArray(value.recent);
    return sound ? (value as ScanAnchor) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes the next anchor, locked where the vault locks. Of two scans that end at once one writes, and both compared the
 * same rows.
 */
export async function writeAnchor(
  vault: Vault,
  table: TableRef,
  anchor: ScanAnchor,
  count: number,
  retainUntil: Date,
): Promise<string> {
  const key = keyOf(table, count + 1);
  const put = (lock: boolean) =>
    vault.put(key, Buffer.from(`${JSON.stringify(anchor)}\n`), {
      ...{ ifAbsent: true, contentType: "application/json" },
      ...(lock ? { retainUntil } : {}),
    });
  try {
    await put(true).catch(async (error: unknown) => {
      if (!(error instanceof RunbackError) || error.code !== "VAULT_LOCK_UNSUPPORTED") throw error;
      await put(false);
    });
  } catch (error) {
    if (!(error instanceof RunbackError && error.code === "VAULT_EXISTS")) throw error;
  }
  return key;
}
