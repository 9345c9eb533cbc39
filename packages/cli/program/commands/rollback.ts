import { type ConflictPolicy, conflictRows, undoClasses } from "@runback/core";
import type { RollbackResult } from "@runback/operations";
import { Command, Option } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

interface Options {
  readonly plan?: boolean;
  readonly onConflict: ConflictPolicy;
  readonly approval?: string;
  readonly operator?: string;
  readonly planDigest?: string;
}

export function rollbackCommand(session: Session): Command {
  return new Command("rollback")
    .description("take back exactly one run, without touching what others changed since")
    .argument("<run-id>")
    .option("--plan", "show what would happen to each row; write nothing")
    .addOption(
      new Option("--on-conflict <policy>", "rows that others changed since")
        .choices(["abort", "skip", "force"])
        .default("abort"),
    )
    .option("--approval <id>", "approval of a second person, which force needs")
    .option("--plan-digest <digest>", "execute exactly the plan that was seen, or nothing")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (runId: string, options: Options) => {
      const runtime = await session.runtime();
      const result = options.plan
        ? await runtime.planRollback(runId, options.onConflict)
        : await runtime.rollback({
            runId,
            operator: session.operator(options.operator),
            onConflict: options.onConflict,
            ...(options.approval === undefined ? {} : { approval: options.approval }),
            ...(options.planDigest === undefined ? {} : { planDigest: options.planDigest }),
          });
      const aborted = !options.plan && result.rollbackRunId === null;
      session.status = aborted || (options.plan === true && conflictRows(result.classes) > 0) ? 1 : 0;
      session.result(result, () => rollbackText(result, options.plan === true));
    });
}

function rollbackText(result: RollbackResult, planned: boolean): string {
  const rows = Object.entries(result.tables).map(([table, counts]) => [
    table,
    ...undoClasses.map((name) => counts[name]),
  ]);
  const conflicts = conflictRows(result.classes);
  const lines = [
    planned
      ? `Plan for ${result.runId}: ${result.planned} rows`
      : result.rollbackRunId === null
        ? `Nothing was written: ${conflicts} of ${result.planned} rows are conflicts`
        : `Rollback ${result.rollbackRunId} of ${result.runId} (${(result.durationMs / 1000).toFixed(1)} s)`,
    textTable(
      [
        "table",
        planned || result.rollbackRunId === null ? "to revert" : "reverted",
        "already",
        "edited",
        "missing",
        "referenced",
      ],
      rows,
    ),
    ...result.conflicts
      .slice(0, 20)
      .map((conflict) => `  ${conflict.table} ${conflict.key.join("/")}: ${conflict.class}, ${conflict.detail}`),
  ];
  if (conflicts > 20) lines.push(`  ... ${conflicts - 20} more conflicts`);
  if (result.replay !== null) lines.push(`Rows go back statement by statement in reverse (${result.replay}).`);
  if (planned) lines.push(`Plan digest ${result.planDigest}`);
  if (result.verified) lines.push("Verified: every reverted row equals its before-image.");
  if (conflicts > 0 && result.rollbackRunId === null)
    lines.push("Leave these rows as they are and revert the rest with --on-conflict skip.");
  if (result.rollbackRunId !== null)
    lines.push(`Take the rollback itself back with: runback rollback ${result.rollbackRunId}`);
  return lines.join("\n");
}
