import { type Connection, type EntityDeclaration, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import type { PlanSummary } from "./plan-summary.ts";
import { planTable, stageName } from "./stage-tables.ts";

/**
 * Staging is not logged: a server that crashed comes back with it empty, which looks like work that is done.
 *
 * @throws `STAGING_LOST` when the staged records are not as many as were parsed
 */
export async function assertStaged(
  { engine }: Pick<Context, "engine">,
  tx: Connection,
  entity: EntityDeclaration,
  runId: string,
  plan: PlanSummary,
): Promise<void> {
  const { dialect } = engine;
  const { rows } = await tx.query<{ rows: string }>(
    `SELECT ${dialect.cast("count(*)", "text")} AS rows FROM ${dialect.table(planTable(stageName(runId), entity))}`,
  );
  if (Number(rows[0]!.rows) === plan.entities[entity.name]!.parsed) return;
  throw new RunbackError(
    "STAGING_LOST",
    `The staged ${entity.name} of ${runId} are gone (the database server was restarted after a crash).`,
    {
      recovery:
        "Committed rows are kept. Start a new import: rows that were written are recognised and left as they are.",
    },
  );
}
