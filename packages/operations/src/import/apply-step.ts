import type { Connection, EntityDeclaration, ImportDeclaration, Table } from "@runback/core";
import type { Context } from "../context.ts";
import { workCondition } from "./stage-entity.ts";
import { idScopes, planTable } from "./stage-tables.ts";

export interface ApplyRange {
  readonly entity: EntityDeclaration;
  readonly stage: string;
  /** Rows after this line of the file. */
  readonly after: string;
  /** Up to this line; null for the end of the file. */
  readonly through: string | null;
  readonly limit: number;
  readonly runId: string;
  readonly runTime: string;
}

export interface AppliedStep {
  /** Line of the last row; null when nothing was left. */
  readonly last: string | null;
  readonly rows: number;
  readonly created: number;
  readonly updated: number;
  readonly mapped: number;
  /** Rows that another writer changed after the plan: left alone, and now conflicts of the plan. */
  readonly changedMeanwhile: number;
}

/** Writes the next rows of a plan: three statements whatever their number. The journal's triggers see every one. */
export async function applyStep(
  { engine }: Pick<Context, "engine">,
  tx: Connection,
  declaration: ImportDeclaration,
  target: Table,
  range: ApplyRange,
): Promise<AppliedStep> {
  const { dialect } = engine;
  const { entity } = range;
  const plan = dialect.table(planTable(range.stage, entity));
  const next = await tx.query<{ last: string | null; rows: number }>(
    `SELECT ${dialect.cast("max(line)", "text")} AS last, ${dialect.cast("count(*)", "integer")} AS rows
     FROM (SELECT line FROM ${plan} WHERE line > ${dialect.cast("$1", "bigint")} AND (${dialect.cast("$2", "bigint")} IS NULL OR line <= ${dialect.cast("$2", "bigint")})
       AND (${workCondition}) ORDER BY line LIMIT ${range.limit}) chunk`,
    [range.after, range.through],
  );
  const { last, rows } = next.rows[0]!;
  if (last === null) return { last, rows: 0, created: 0, updated: 0, mapped: 0, changedMeanwhile: 0 };
  const within = `p.line > ${dialect.cast("$1", "bigint")} AND p.line <= ${dialect.cast("$2", "bigint")}`;
  const params = [range.after, last];
  const created = await tx.query(insertSql(dialect, entity, plan, within), [...params, range.runTime]);
  const { updated, changedMeanwhile } = await update({ engine }, tx, target, range, plan, within, params);
  const mapped = await tx.query(mappingSql(dialect, declaration, entity, plan, within), [
    ...params,
    range.runId,
    range.runTime,
  ]);
  return { last, rows, created: created.count, updated, mapped: mapped.count, changedMeanwhile };
}

type Dialect = Context["engine"]["dialect"];

const valuesOf = (entity: EntityDeclaration) => [...entity.fields, ...entity.references].map(({ column }) => column);

function stampValue(dialect: Dialect, stamp: EntityDeclaration["stamps"][number], runTime: string): string {
  return "runTime" in stamp.value
    ? dialect.cast(runTime, "instant")
    : dialect.cast(dialect.literal(stamp.value.constant), stamp.value.type);
}

function insertSql(dialect: Dialect, entity: EntityDeclaration, plan: string, within: string): string {
  const columns = [entity.id, ...valuesOf(entity), ...entity.stamps.map(({ column }) => column)];
  const values = [
    "p.target_id",
    ...valuesOf(entity).map((column) => `p.${dialect.id(`f_${column}`)}`),
    ...entity.stamps.map((stamp) => stampValue(dialect, stamp, "$3")),
  ];
  return `INSERT INTO ${dialect.table(entity.table)} (${columns.map(dialect.id).join(", ")})
    SELECT ${values.join(", ")} FROM ${plan} p WHERE ${within} AND p.class = 'create' AND ${dialect.cast("$3", "text")} IS NOT NULL ORDER BY p.target_id`;
}

async function update(
  { engine }: Pick<Context, "engine">,
  tx: Connection,
  target: Table,
  range: ApplyRange,
  plan: string,
  within: string,
  params: string[],
): Promise<{ updated: number; changedMeanwhile: number }> {
  const { dialect } = engine;
  const { entity } = range;
  const planned = await tx.query<{ rows: number }>(
    `SELECT ${dialect.cast("count(*)", "integer")} AS rows FROM ${plan} p WHERE ${within} AND p.class = 'update'`,
    params,
  );
  const expected = planned.rows[0]!.rows;
  if (expected === 0) return { updated: 0, changedMeanwhile: 0 };
  const guard = `t.${dialect.id(entity.id)} = p.target_id AND ${engine.rowDigest("t", target)} = p.seen`;
  // Rows another writer changed since they were classified are left alone and reported, never overwritten.
  const stale = await tx.query(
    `UPDATE ${plan} AS p SET class = 'conflict', reason = 'changed-meanwhile', message = 'the row was changed by somebody else after the plan'
     WHERE ${within} AND p.class = 'update' AND NOT EXISTS (SELECT 1 FROM ${dialect.table(entity.table)} t WHERE ${guard} ${dialect.rowLock})`,
    params,
  );
  const set = [
    ...valuesOf(entity).map((column) => [column, `p.${dialect.id(`f_${column}`)}`] as const),
    ...entity.stamps
      .filter((stamp) => stamp.when === "create-and-update")
      .map((stamp) => [stamp.column, stampValue(dialect, stamp, "$3")] as const),
  ];
  const done = await tx.query(
    dialect.updateFrom({
      target: entity.table,
      set,
      from: `${plan} p`,
      where: `${within} AND p.class = 'update' AND ${guard} AND ${dialect.cast("$3", "text")} IS NOT NULL`,
    }),
    [...params, range.runTime],
  );
  return { updated: done.count, changedMeanwhile: stale.count };
}

function mappingSql(
  dialect: Dialect,
  declaration: ImportDeclaration,
  entity: EntityDeclaration,
  plan: string,
  within: string,
): string {
  const { mapping } = declaration;
  const columns = [
    mapping.id,
    mapping.entityType,
    mapping.sourceId,
    mapping.targetId,
    mapping.runId,
    mapping.provenance,
    mapping.at,
  ];
  const mappingId = dialect.idsInDatabase
    ? dialect.uuidFrom(idScopes(declaration, entity).mapping, "p.sid")
    : "p.mapping_id";
  return `INSERT INTO ${dialect.table(mapping.table)} (${columns.map(dialect.id).join(", ")})
    SELECT ${mappingId}, ${dialect.literal(entity.label)}, p.sid, p.target_id, ${dialect.cast("$3", "text")}, p.provenance, ${dialect.cast("$4", "instant")}
    FROM ${plan} p WHERE ${within} AND NOT p.mapped AND p.class IN ('create', 'update', 'unchanged') ORDER BY p.line`;
}
