import type { BackfillPlan, BackfillResult } from "@runback/operations";
import { Command, InvalidArgumentError } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

interface Flags {
  readonly dryRun?: boolean;
  readonly runbookCompat?: boolean;
  readonly operator?: string;
  readonly resume?: string;
  readonly stepMs?: number;
}

export function backfill(session: Session): Command {
  return new Command("backfill")
    .description("fill the new column in small steps, as a run that can be resumed and taken back")
    .argument("<migration>", "name of a configured cutover")
    .option("--dry-run", "count what would be filled and what would not; write nothing")
    .option("--runbook-compat", "map by the runbook's own CASE, to the letter")
    .option("--operator <name>", "who runs it, for the record")
    .option("--resume <run-id>", "go on with an interrupted backfill")
    .option("--step-ms <ms>", "milliseconds a step may take: 20 to 10000 (default: 250)", milliseconds)
    .action(async (name: string, { dryRun, runbookCompat, operator, resume, stepMs }: Flags) => {
      const { backfills } = await session.runtime();
      const options = {
        ...(runbookCompat === undefined ? {} : { runbookCompat }),
        ...(stepMs === undefined ? {} : { stepMs }),
      };
      if (dryRun) {
        const plan = await backfills.plan(name, options);
        session.result(plan, () => planText(plan));
        return;
      }
      const result =
        resume === undefined
          ? await backfills.run(name, { operator: session.operator(operator), ...options })
          : await backfills.resume(name, resume);
      session.result(result, () => resultText(result));
    });
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 20 && value <= 10_000) return value;
  throw new InvalidArgumentError("It must be a whole number from 20 to 10000.");
}

function planText(plan: BackfillPlan): string {
  const { cutover, table, column, rows, toFill, codes, dualWrite, advice } = plan;
  return [
    `Dry run of ${cutover}: ${toFill} of ${rows} rows of ${table} would get their ${column}`,
    ...(toFill === 0 ? [] : [textTable(["code", "rows"], Object.entries(codes))]),
    ...quarantineLines(plan),
    ...(toFill === 0 ? [] : [estimateLine(plan)]),
    ...(dualWrite
      ? []
      : [
          "Writers are not told to set both columns yet: rows that they add stay empty until it is run again in phase 2.",
        ]),
    ...advice.map((each) => `[advice] ${each}`),
  ].join("\n");
}

function estimateLine({ estimatedSteps, estimatedMs, estimatedFrom }: BackfillPlan): string {
  if (estimatedSteps === null || estimatedMs === null) return `How many steps, and how long: ${estimatedFrom}.`;
  return `About ${estimatedSteps} steps, ${(estimatedMs / 1000).toFixed(1)} s of work: estimated from ${estimatedFrom}.`;
}

function resultText(result: BackfillResult): string {
  const { runId, filled, table, column, steps, longestStepMs, durationMs, pausedMs, lockTimeouts } = result;
  const waits = [
    ...(pausedMs > 0 ? [`paused ${(pausedMs / 1000).toFixed(1)} s for others`] : []),
    ...(lockTimeouts > 0 ? [`met ${lockTimeouts} locks`] : []),
  ];
  return [
    `Backfill ${runId}: ${filled} rows of ${table} got their ${column} (${(durationMs / 1000).toFixed(1)} s)`,
    `${steps} steps, the longest ${longestStepMs} ms${waits.length === 0 ? "" : `; ${waits.join(", ")}`}`,
    "No row is left that could be filled.",
    ...quarantineLines(result),
    `Take it back with: runback rollback ${runId} --plan`,
  ].join("\n");
}

function quarantineLines({ quarantined, quarantinedRows }: BackfillPlan | BackfillResult): string[] {
  if (quarantinedRows === 0) return [];
  return [
    `${quarantinedRows} rows stay empty, for no code lists their value:`,
    textTable(
      ["value", "rows"],
      quarantined.map(({ value, rows }) => [value === null ? "NULL" : JSON.stringify(value), rows]),
    ),
  ];
}
