import type { EntityDeclaration } from "@runback/core";
import type { Context } from "../context.ts";
import { planTable } from "./stage-tables.ts";

export interface PlannedRow {
  readonly line: string;
  readonly sid: string | null;
  readonly target_id: string;
  readonly provenance: string | null;
  readonly class: string;
  readonly reason: string | null;
  readonly message: string | null;
}

const pageRows = 5_000;

/** Rows of a plan in the order of the file, by pages: memory stays flat at any size. */
export async function* readPlan(
  { engine }: Pick<Context, "engine">,
  entity: EntityDeclaration,
  stage: string,
  accepted: boolean,
): AsyncIterable<PlannedRow> {
  const { dialect } = engine;
  for (let after = "0"; ; ) {
    const page: { rows: PlannedRow[] } = await engine.query<PlannedRow>(
      `SELECT ${dialect.cast("line", "text")} AS line, sid, ${dialect.cast("target_id", "text")} AS target_id, provenance, class, reason, message
       FROM ${dialect.table(planTable(stage, entity))} p
       WHERE p.line > ${dialect.cast("$1", "bigint")} AND class ${accepted ? "NOT " : ""}IN ('quarantined', 'conflict')
       ORDER BY p.line LIMIT ${pageRows}`,
      [after],
    );
    yield* page.rows;
    if (page.rows.length < pageRows) return;
    after = page.rows.at(-1)!.line;
  }
}
