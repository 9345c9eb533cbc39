import { createHash, type Hash } from "node:crypto";
import type { AttendanceVocabulary } from "@runback/attendance";
import { auditRelation, type Connection, RunbackError, type Table, type TableRef } from "@runback/core";
import { anchorRetention } from "../../audit/anchor.ts";
import { appendAudit } from "../../audit/append.ts";
import type { Context } from "../../context.ts";
import { attendanceAuditOf } from "./attendance-audit-of.ts";
import { type AnchoredRange, newestAnchor, type ScanAnchor, writeAnchor } from "./scan-anchor.ts";

export interface ScanProblem {
  readonly kind: "deleted" | "changed" | "added-late" | "table-gone" | "column-gone";
  /** Ids it is about: `2001-3000`, `3127`; or a column. */
  readonly where: string;
  readonly detail: string;
}

/** The document `attendance scan --json` prints. */
export interface AuditScan {
  /** False where there is no such table and never was. */
  readonly watched: boolean;
  readonly rows: number;
  /** When what was compared with was anchored; null for the first scan. */
  readonly since: string | null;
  /** The first 100. */
  readonly problems: readonly ScanProblem[];
  readonly problemCount: number;
  /** Key of the anchor that was written; null when nothing new is to be anchored, or something is wrong. */
  readonly anchored: string | null;
}

export interface ScanOptions {
  /** Takes what is there now as what is right, and says why on the record. */
  readonly baseline?: { readonly reason: string; readonly operator: string; readonly auditTable: TableRef };
  /** Compare, and write nothing. */
  readonly readOnly?: boolean;
  /** What the installation says is there: without its audit table the scan fails, and is not merely about nothing. */
  readonly configured?: AttendanceVocabulary;
}

const pageRows = 10_000;
const width = 1_000;
const settleMs = 15 * 60 * 1000;
const freshMs = 24 * 60 * 60 * 1000;
/** On the first look, ids as far below the highest that no transaction under way can have taken them. */
const firstMargin = 10_000;

/**
 * Compares the attendance audit with what it held when it was last found whole, by digests that the database computes:
 * deleted and changed rows are found whatever deleted them, TRUNCATE, foreign keys and disabled triggers included. What holds
 * is anchored in the vault together with what came since.
 *
 * @throws `ATTENDANCE_AUDIT_CHANGED` unless it only reads; of a configured vocabulary `ATTENDANCE_TABLES_MISSING`, and
 *   `ATTENDANCE_AUDIT_UNWATCHED` where its key is none to page by
 */
export async function scanAttendanceAudit(context: Context, options: ScanOptions = {}): Promise<AuditScan> {
  const { engine, vault, clock } = context;
  const { table, ref, key, missing } = await attendanceAuditOf(engine, options.configured);
  const { anchor: stored, count } = await newestAnchor(vault, ref);
  const anchor = stored?.closed || options.baseline ? undefined : stored;
  if (missing !== undefined && (table !== undefined || anchor === undefined)) throw missing;
  if (table === undefined && anchor === undefined) return nothing;
  const now = clock.now();
  const found = table
    ? await compare(context, table, key, anchor, now)
    : {
        next: undefined,
        problems: [{ kind: "table-gone" as const, where: ref.name, detail: `${anchor!.rows} rows are gone` }],
      };
  const { next, problems } = found;
  const scan: AuditScan = {
    ...{ watched: true, rows: next?.rows ?? 0, since: anchor?.at ?? null },
    ...{ problems: problems.slice(0, 100), problemCount: problems.length, anchored: null },
  };
  if (options.readOnly) return scan;
  if (problems.length > 0) throw changed(ref, scan);
  const stale = anchor === undefined || now.getTime() - Date.parse(anchor.at) >= freshMs;
  const moved = anchor?.seen !== next!.seen || anchor?.settled !== next!.settled;
  if (!stale && !moved) return scan;
  if (options.baseline) {
    const { reason, operator, auditTable } = options.baseline;
    await engine.transaction((tx) =>
      appendAudit(tx, engine.dialect, auditTable, "attendance:audit:baseline", {
        ...{ operator, reason, table: auditRelation(ref), rows: next!.rows, through: next!.seen },
      }),
    );
  }
  return { ...scan, anchored: await writeAnchor(vault, ref, next!, count, anchorRetention(now)) };
}

/** After the table was removed with its rows exported: the next one of its name begins anew. */
export async function closeAnchor({ vault, clock }: Context, table: TableRef): Promise<void> {
  const { anchor, count } = await newestAnchor(vault, table);
  if (anchor === undefined || anchor.closed) return;
  const at = clock.now();
  await writeAnchor(vault, table, { ...anchor, closed: true, at: at.toISOString() }, count, anchorRetention(at));
}

/** When the audit was last found whole; null before the first scan. */
export async function lastScan({ vault }: Pick<Context, "vault">, table: TableRef): Promise<Date | null> {
  const { anchor } = await newestAnchor(vault, table);
  return anchor === undefined || anchor.closed ? null : new Date(anchor.at);
}

const nothing: AuditScan = {
  ...{ watched: false, rows: 0, since: null, problems: [], problemCount: 0, anchored: null },
};

async function compare(
  context: Context,
  table: Table,
  key: string,
  anchor: ScanAnchor | undefined,
  now: Date,
): Promise<{ next: ScanAnchor; problems: ScanProblem[] }> {
  const { engine } = context;
  const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const problems: ScanProblem[] = [];
  const before = anchor?.columns ?? columns;
  for (const name of before.filter((each) => !columns.includes(each)))
    problems.push({ kind: "column-gone", where: name, detail: "is not there any more, with everything it held" });
  const settledBefore = anchor?.settled ?? 0;
  const recent = new Map(anchor?.recent ?? []);
  const oldRanges = new Ranges();
  const newRanges = new Ranges();
  const tail: [number, string][] = [];
  let [rows, seen] = [0, 0];
  await engine.transaction(
    async (tx) => {
      const highest = await highestId(context, tx, table, key);
      const settled = settledNow(anchor, highest, now);
      for await (const row of digests(context, tx, table, key, before)) {
        rows++;
        seen = row.id;
        if (row.id <= settledBefore) oldRanges.add(row.id, row.before);
        else if (recent.has(row.id)) {
          if (recent.get(row.id) !== short(row.before))
            problems.push({ kind: "changed", where: String(row.id), detail: "is not the row that was anchored" });
          recent.delete(row.id);
        }
        if (row.id <= settled) newRanges.add(row.id, row.now);
        else tail.push([row.id, short(row.now)]);
      }
    },
    { isolation: "snapshot", readOnly: true },
  );
  problems.push(...differences(anchor?.ranges ?? [], oldRanges.end()));
  for (const id of recent.keys())
    problems.push({ kind: "deleted", where: String(id), detail: "was anchored and is gone" });
  const next: ScanAnchor = {
    ...{ relation: auditRelation(table), at: now.toISOString(), closed: false, columns, rows, seen },
    ...{ settled: settledNow(anchor, seen, now), ranges: newRanges.end(), recent: tail },
  };
  return { next, problems };
}

/** What was the highest id a while ago is settled now. */
function settledNow(anchor: ScanAnchor | undefined, highest: number, now: Date): number {
  if (anchor === undefined) return Math.max(0, highest - firstMargin);
  return now.getTime() - Date.parse(anchor.at) >= settleMs ? anchor.seen : anchor.settled;
}

function differences(then: readonly AnchoredRange[], now: readonly AnchoredRange[]): ScanProblem[] {
  const live = new Map(now.map((range) => [range.from, range]));
  const problems: ScanProblem[] = [];
  for (const { from, rows, sha256 } of then) {
    const range = live.get(from);
    live.delete(from);
    if (range?.sha256 === sha256) continue;
    const where = `${from}-${from + width - 1}`;
    const has = range?.rows ?? 0;
    if (has < rows)
      problems.push({ kind: "deleted", where, detail: `${rows} rows were anchored and ${has} are there` });
    else if (has > rows)
      problems.push({ kind: "added-late", where, detail: `${rows} rows were anchored and ${has} are there` });
    else problems.push({ kind: "changed", where, detail: `${rows} rows are not as they were anchored` });
  }
  for (const [from, { rows }] of live)
    problems.push({
      kind: "added-late",
      where: `${from}-${from + width - 1}`,
      detail: `${rows} rows came among settled ids`,
    });
  return problems;
}

/** Row digests in the order of ids, hashed range by range: memory is that of one range. */
class Ranges {
  readonly #done: AnchoredRange[] = [];
  #from = 0;
  #rows = 0;
  #hash: Hash = createHash("sha256");

  add(id: number, digest: string): void {
    const from = Math.floor((id - 1) / width) * width + 1;
    if (from !== this.#from) this.#close();
    this.#from = from;
    this.#rows++;
    this.#hash.update(`${id}:${digest}\n`);
  }

  #close(): void {
    if (this.#rows > 0) this.#done.push({ from: this.#from, rows: this.#rows, sha256: this.#hash.digest("hex") });
    this.#rows = 0;
    this.#hash = createHash("sha256");
  }

  end(): AnchoredRange[] {
    this.#close();
    return this.#done;
  }
}

/** Half of a SHA-256, for rows that are listed one by one. */
const short = (digest: string) => digest.slice(0, 32);

async function highestId({ engine }: Context, tx: Connection, table: Table, key: string): Promise<number> {
  const { dialect } = engine;
  const { rows } = await tx.query<{ highest: string | null }>(
    `SELECT ${dialect.cast(`max(${dialect.id(key)})`, "text")} AS highest FROM ${dialect.table(table)}`,
  );
  return Number(rows[0]?.highest ?? 0);
}

/** Digests of every row over the columns there were, and over those there are. Rows do not travel. */
async function* digests(
  { engine }: Context,
  tx: Connection,
  table: Table,
  key: string,
  before: readonly string[],
): AsyncIterable<{ id: number; before: string; now: string }> {
  const { dialect } = engine;
  const over = (names: (name: string) => boolean) =>
    dialect.bytesText(engine.rowDigest("a", { ...table, columns: table.columns.filter(({ name }) => names(name)) }));
  const now = over(() => true);
  const then = over((name) => before.includes(name));
  const id = `a.${dialect.id(key)}`;
  for (let after = "0"; ; ) {
    const { rows } = await tx.query<{ id: string; then: string; now: string }>(
      `SELECT ${dialect.cast(id, "text")} AS id, ${then} AS ${dialect.id("then")}, ${then === now ? "NULL" : now} AS ${dialect.id("now")}
       FROM ${dialect.table(table)} a WHERE ${id} > ${dialect.cast("$1", "bigint")} ORDER BY ${id} LIMIT ${pageRows}`,
      [after],
    );
    for (const row of rows) yield { id: Number(row.id), before: row.then, now: row.now ?? row.then };
    if (rows.length < pageRows) return;
    after = rows.at(-1)!.id;
  }
}

function changed(table: TableRef, { problems, problemCount, since }: AuditScan): RunbackError {
  const first = problems
    .slice(0, 3)
    .map(({ kind, where, detail }) => `${kind} ${where} (${detail})`)
    .join("; ");
  return new RunbackError(
    "ATTENDANCE_AUDIT_CHANGED",
    `${auditRelation(table)} is not what it was at ${since}: ${problemCount} finding(s): ${first}.`,
    {
      recovery:
        "Nothing was anchored. Find out who changed it; the rows are in the newest snapshot. A target that was restored to an earlier state shows the same way: then take it as it is with `runback attendance scan --baseline --reason <text>`.",
      exit: 1,
      status: 409,
      details: { problems, problemCount, since },
    },
  );
}
