import {
  type Connection,
  type Dialect,
  digestOf,
  type EntityCounts,
  type EntityDeclaration,
  type ImportDeclaration,
  type PlanSample,
  type RefusedRow,
} from "@runback/core";
import type { StagedEntity } from "./stage-entity.ts";
import { planTable } from "./stage-tables.ts";

/** What a plan consists of, part by part, so that a refusal can name the part that differs. */
export interface PlanParts {
  readonly source: string;
  readonly policies: string;
  readonly schema: string;
  readonly rows: string;
}

export interface PlanSummary {
  readonly digest: string;
  readonly parts: PlanParts;
  readonly staged: readonly StagedEntity[];
  readonly entities: Readonly<Record<string, EntityCounts>>;
  readonly notes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Rows in each target table when the plan was made. */
  readonly before: Readonly<Record<string, number>>;
}

/** Refused rows a result lists; the bundle holds all of them. */
export const refusalsListed = 1_000;

export async function countEntity(
  tx: Connection,
  dialect: Dialect,
  entity: EntityDeclaration,
  stage: string,
): Promise<{ counts: EntityCounts; digest: string }> {
  // Values follow from the source, the policies and the lookups, whose digests the plan holds: what is left to pin is what
  // becomes of each record, and which state of the target that was decided on.
  const said = `concat_ws('|', line, reason, ${dialect.cast("target_id", "text")}, ${dialect.bytesText("seen")})`;
  const { rows } = await tx.query<{ class: string; rows: string; digest: string }>(
    `SELECT class, ${dialect.cast("count(*)", "text")} AS rows, ${dialect.setDigest(said)} AS digest
     FROM ${dialect.table(planTable(stage, entity))} GROUP BY class ORDER BY class`,
  );
  const of = (name: string) => Number(rows.find((row) => row.class === name)?.rows ?? 0);
  const counts = {
    parsed: rows.reduce((sum, row) => sum + Number(row.rows), 0),
    created: of("create"),
    updated: of("update"),
    unchanged: of("unchanged"),
    quarantined: of("quarantined"),
    conflicts: of("conflict"),
  };
  return { counts, digest: digestOf(rows.map((row) => [row.class, row.digest])) };
}

export async function refusedRows(
  tx: Connection,
  dialect: Dialect,
  declaration: ImportDeclaration,
  stage: string,
  limit: number,
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const entity of declaration.entities) {
    const { rows } = await tx.query<{ line: string; sid: string | null; reason: string; message: string }>(
      `SELECT ${dialect.cast("line", "text")} AS line, sid, reason, message FROM ${dialect.table(planTable(stage, entity))}
       WHERE class IN ('quarantined', 'conflict') ORDER BY ${dialect.table(planTable(stage, entity))}.line LIMIT ${limit - refused.length}`,
    );
    refused.push(
      ...rows.map(({ line, sid, reason, message }) => ({
        entity: entity.name,
        row: Number(line),
        waId: sid,
        reason,
        message,
      })),
    );
  }
  return refused;
}

/** A few rows of each action, by ids and column names: what a reviewer looks at before signing. */
export async function samples(
  tx: Connection,
  dialect: Dialect,
  entity: EntityDeclaration,
  stage: string,
): Promise<PlanSample[]> {
  const columns = [...entity.fields, ...entity.references].map(({ column }) => column);
  const differing = columns.map(
    (column) =>
      `CASE WHEN ${dialect.isDistinct(`t.${dialect.id(column)}`, `p.${dialect.id(`f_${column}`)}`)} THEN ${dialect.literal(column)} END`,
  );
  const sampled: PlanSample[] = [];
  for (const action of ["create", "update"] as const) {
    const { rows } = await tx.query<{ line: string; sid: string; target_id: string; changes: string | null }>(
      `SELECT ${dialect.cast("p.line", "text")} AS line, p.sid, ${dialect.cast("p.target_id", "text")} AS target_id, ${action === "update" ? `concat_ws(',', ${differing.join(", ")})` : "NULL"} AS changes
       FROM ${dialect.table(planTable(stage, entity))} p LEFT JOIN ${dialect.table(entity.table)} t ON t.${dialect.id(entity.id)} = p.target_id
       WHERE p.class = '${action}' ORDER BY p.line LIMIT 3`,
    );
    sampled.push(
      ...rows.map((row) => ({
        row: Number(row.line),
        sourceId: row.sid,
        action,
        targetId: row.target_id,
        changes: row.changes === null ? [] : row.changes.split(","),
      })),
    );
  }
  return sampled;
}
