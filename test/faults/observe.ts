import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { journaledTables, type Place } from "./targets.ts";

/** What a run left behind, without what differs between any two runs: row ids and times of audit entries, lease tokens. */
export interface Observation {
  /** Content of every table of the model, `AuditLog` aside. */
  readonly tables: Readonly<Record<string, string>>;
  /** The run's journal: table, key, before-image and after-digest of every entry. */
  readonly journal: string;
  /** The run as its own table has it. */
  readonly run: unknown;
  readonly steps: unknown;
  /** Entries of the run by action; failures along the way are left out. */
  readonly audit: unknown;
  /** Tables in Runback's schema that are named after the run: staging that was left. */
  readonly leftovers: readonly string[];
  /** File name and bytes of everything in the run's bundle. */
  readonly bundle: Readonly<Record<string, string>>;
}

export async function observe(place: Pick<Place, "databaseUrl" | "vaultFolder">, runId: string): Promise<Observation> {
  const sql = postgres(place.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const tables: Record<string, string> = {};
    for (const table of [...journaledTables, "MembershipTier", "MembershipStatus"]) {
      const [row] = await sql`SELECT count(*)::int AS rows, md5(string_agg(t::text, E'\n' ORDER BY t::text)) AS content
        FROM ${sql(`public.${table}`)} t`;
      tables[table] = `${row?.rows} ${row?.content}`;
    }
    const [journal] = await sql`
      SELECT concat(count(*), ' ', md5(string_agg(concat_ws(' ', l.table_name, j.key, j.before, j.after), E'\n'
        ORDER BY l.table_name, j.key, j.before, j.after))) AS content
      FROM runback.journal j JOIN runback.layouts l ON l.num = j.layout
      WHERE run = (SELECT num FROM runback.runs WHERE run_id = ${runId})`;
    const run =
      await sql`SELECT kind, mode, state, plan_digest, checkpoint, result, error, bundle, rows, started_at, completed_at
      FROM runback.runs WHERE run_id = ${runId}`;
    const steps = await sql`SELECT seq, name, rows FROM runback.steps WHERE run_id = ${runId} ORDER BY seq`;
    const audit = await sql`SELECT action, count(*)::int AS entries FROM "AuditLog"
      WHERE (metadata ->> 'run_id' = ${runId} OR metadata ->> 'rollback_run_id' = ${runId}) AND action <> 'migration:failed'
      GROUP BY action ORDER BY action`;
    const leftovers = await sql`SELECT relname::text AS name FROM pg_class
      WHERE relnamespace = 'runback'::regnamespace AND relkind = 'r' AND relname LIKE 'stage%' ORDER BY 1`;
    return {
      tables,
      journal: String(journal?.content),
      run: [...run],
      steps: [...steps],
      audit: [...audit],
      leftovers: leftovers.map(({ name }) => String(name)),
      bundle: bundleFiles(join(place.vaultFolder, "bundles", runId)),
    };
  } finally {
    await sql.end();
  }
}

/** File name and content of everything below a folder. */
export function bundleFiles(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    // What a killed process was just writing; no reader of the vault takes it for an object.
    (entry) => entry.isFile() && !entry.name.startsWith(".runback-tmp-"),
  );
  return Object.fromEntries(
    names
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}
