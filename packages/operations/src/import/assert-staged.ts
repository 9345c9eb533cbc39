import { type Connection, type EntityDeclaration, type ImportDeclaration, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import type { PlanSummary } from "./plan-summary.ts";
import { planColumns, planTable, stageName } from "./stage-tables.ts";

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

/**
 * A plan is a table of one run, made once and never altered: what another version of Runback staged, this one cannot
 * always carry out. Its columns say so before a step does, in the words of the database.
 *
 * @throws `STAGING_OUTDATED`
 */
export async function assertStagedHere(
  { engine }: Pick<Context, "engine">,
  { entities }: ImportDeclaration,
  runId: string,
): Promise<void> {
  const { dialect } = engine;
  for (const entity of entities) {
    const { rows } = await engine.query(`SELECT * FROM ${dialect.table(planTable(stageName(runId), entity))} LIMIT 1`);
    const [first] = rows;
    // Of an empty one nothing is carried out; whether it ought to be empty, `assertStaged` looks.
    const missing = first && planColumns(dialect, entity).filter((column) => !(column in first));
    if (missing === undefined || missing.length === 0) continue;
    throw new RunbackError(
      "STAGING_OUTDATED",
      `The ${entity.name} of ${runId} were staged by another version of Runback: its plan has no ${missing.join(", ")}.`,
      {
        recovery: `Committed rows are kept. Start a new import: rows that were written are recognised and left as they are. Or go on with the version that began it, or take back what was written with \`runback rollback ${runId}\`.`,
        status: 409,
        details: { entity: entity.name, missing },
      },
    );
  }
}
