import type { EntityDeclaration } from "@runback/core";
import type { Context } from "../context.ts";
import { planTable } from "./stage-tables.ts";

export interface RefusedRecord {
  readonly line: string;
  readonly sid: string | null;
  readonly reason: string | null;
  readonly message: string | null;
}

const pageRows = 5_000;

/** Every refused record of a plan in the order of the file, by pages: memory stays flat at any size. */
export async function* readRefusals(
  { engine }: Pick<Context, "engine">,
  entity: EntityDeclaration,
  stage: string,
): AsyncIterable<RefusedRecord> {
  const { dialect } = engine;
  for (let after = "0"; ; ) {
    const page: { rows: RefusedRecord[] } = await engine.query<RefusedRecord>(
      `SELECT ${dialect.cast("line", "text")} AS line, sid, reason, message
       FROM ${dialect.table(planTable(stage, entity))} p
       WHERE p.line > ${dialect.cast("$1", "bigint")} AND class IN ('quarantined', 'conflict')
       ORDER BY p.line LIMIT ${pageRows}`,
      [after],
    );
    yield* page.rows;
    if (page.rows.length < pageRows) return;
    after = page.rows.at(-1)!.line;
  }
}
