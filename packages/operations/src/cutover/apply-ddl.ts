import { type ColumnCutover, type Connection, type CutoverStep, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";

/**
 * Executes schema changes of a cutover, and puts on record that it did.
 *
 * @param record runs in the last transaction; where DDL is transactional, in the same one
 * @throws `CUTOVER_STEP_UNSUPPORTED`
 */
export async function applyDdl(
  { engine }: Context,
  cutover: ColumnCutover,
  steps: readonly CutoverStep[],
  record: (tx: Connection) => Promise<void>,
): Promise<void> {
  const statements = steps.map((step) => {
    if (step.kind === "sql") return step.sql;
    throw new RunbackError(
      "CUTOVER_STEP_UNSUPPORTED",
      `Column ${step.column} of ${cutover.name} cannot be redefined.`,
      {
        recovery: "Nothing was changed.",
      },
    );
  });
  await engine.transaction(async (tx) => {
    for (const statement of statements) await tx.script(statement);
    await record(tx);
  });
}
