import { type ColumnCutover, type Connection, type Dialect, digestOf, type Phase, retiredName } from "@runback/core";
import { cutoverTables } from "./cutover-tables.ts";

/**
 * `planned`: nothing of it is in the schema yet, its phase is 0 · `entered`: its phase was entered · `dropped`: the end of
 * phase 5, the legacy column is gone.
 */
export type CutoverStanding = "planned" | "entered" | "dropped";

/** Where a cutover is, as its target keeps it. */
export interface StoredCutover {
  readonly name: string;
  readonly phase: Phase;
  readonly state: CutoverStanding;
  /** Both columns are read and compared in phases 2 and 3. */
  readonly comparing: boolean;
  /** When the phase was entered; null for one that was never begun. */
  readonly since: string | null;
  /** A move that was begun and is not finished: `advance:4`, `retreat:3`. */
  readonly moving: string | null;
  /** Of what must not change under way: table, key, columns, codes, who writes both. */
  readonly shapeSha256: string;
  /** Of the whole mapping, as it was when the phase was entered. */
  readonly definitionSha256: string;
  /** The commit whose sources the guard found clean when phase 4 was entered. */
  readonly guardCommit: string | null;
}

/** Digest of what is in the schema from phase 0 on: a definition that differs in it is another cutover. */
export function shapeOf(cutover: ColumnCutover): string {
  const { table, key, legacy, column, codes, dualWrite } = cutover;
  return digestOf({
    table: { schema: table.schema, name: table.name },
    ...{ key, legacy, column, dualWrite, retiredName: retiredName(cutover) },
    codes: codes.map(({ code }) => code),
  });
}

/** Digest of what values mean: bridge triggers hold it. */
export function definitionOf({ codes, unlisted, runbook }: ColumnCutover): string {
  return digestOf({
    codes: codes.map(({ code, spellings }) => ({ code, spellings })),
    ...{ unlisted, runbook: runbook ?? null },
  });
}

interface Row {
  readonly name: string;
  readonly phase: number | string;
  readonly state: CutoverStanding;
  readonly comparing: number | string;
  readonly since: string;
  readonly moving: string | null;
  readonly shape_sha256: string;
  readonly definition_sha256: string;
  readonly guard_commit: string | null;
}

/** Every cutover that was begun on this target. */
export async function storedCutovers(connection: Connection, dialect: Dialect): Promise<StoredCutover[]> {
  const { rows } = await connection.query<Row>(`SELECT * FROM ${cutoverTables(dialect).cutovers} ORDER BY name`);
  return rows.map((row) => ({
    name: row.name,
    phase: Number(row.phase) as Phase,
    state: row.state,
    comparing: Number(row.comparing) === 1,
    since: row.since,
    moving: row.moving,
    shapeSha256: row.shape_sha256,
    definitionSha256: row.definition_sha256,
    guardCommit: row.guard_commit,
  }));
}

/** Where a cutover is; `planned` when it was never begun. */
export async function storedCutover(
  connection: Connection,
  dialect: Dialect,
  cutover: ColumnCutover,
): Promise<StoredCutover> {
  const found = (await storedCutovers(connection, dialect)).find(({ name }) => name === cutover.name);
  return (
    found ?? {
      name: cutover.name,
      phase: 0,
      state: "planned",
      comparing: true,
      since: null,
      moving: null,
      shapeSha256: shapeOf(cutover),
      definitionSha256: definitionOf(cutover),
      guardCommit: null,
    }
  );
}

/** Writes where a cutover is now. */
export async function saveCutover(
  tx: Connection,
  dialect: Dialect,
  stored: StoredCutover,
  by: { readonly operator: string; readonly at: string },
): Promise<void> {
  const { cutovers } = cutoverTables(dialect);
  await tx.query(
    `INSERT INTO ${cutovers}
       (name, phase, state, comparing, since, moving, shape_sha256, definition_sha256, guard_commit, changed_by, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ${dialect.onConflict("name")} phase = $2, state = $3, comparing = $4, since = $5, moving = $6, shape_sha256 = $7,
       definition_sha256 = $8, guard_commit = $9, changed_by = $10, changed_at = $11`,
    [
      stored.name,
      stored.phase,
      stored.state,
      stored.comparing ? 1 : 0,
      stored.since ?? by.at,
      stored.moving,
      stored.shapeSha256,
      stored.definitionSha256,
      stored.guardCommit,
      by.operator,
      by.at,
    ],
  );
}
