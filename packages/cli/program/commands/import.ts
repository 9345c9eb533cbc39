import { resolve } from "node:path";
import type { ImportResult } from "@runback/core";
import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

interface Options {
  readonly source?: string;
  readonly dryRun?: boolean;
  readonly operator?: string;
  readonly bundle?: string;
  readonly plan?: string;
  readonly resume?: string;
  readonly migration?: string;
}

export function importCommand(session: Session): Command {
  return new Command("import")
    .description("one run of a migration: plan it, or write it")
    .option("--source <dir>", "folder of the export, or wildapricot://account")
    .option("--dry-run", "parse, classify and plan; write nothing")
    .option("--operator <name>", "who runs it, for the record")
    .option("--bundle <dir>", "also write the bundle to this folder")
    .option("--plan <digest>", "execute exactly the plan of this dry run, or nothing")
    .option("--resume <run-id>", "go on with an interrupted run")
    .option("--migration <name>", "migration to run, when there are several")
    .action(async (options: Options) => {
      const runtime = await session.runtime();
      const result =
        options.resume !== undefined
          ? await runtime.resume(options.resume)
          : await runtime.import({
              operator: session.operator(options.operator),
              dryRun: options.dryRun === true,
              // Paths of the command line are relative to where it was typed.
              ...(options.source === undefined ? {} : { source: sourcePath(options.source) }),
              ...(options.plan === undefined ? {} : { plan: options.plan }),
              ...(options.bundle === undefined ? {} : { bundleFolder: resolve(options.bundle) }),
              ...(options.migration === undefined ? {} : { migration: options.migration }),
            });
      session.result(result, () => importText(result));
    });
}

function sourcePath(source: string): string {
  return source.includes("://") ? source : resolve(source);
}

export function importText(result: ImportResult): string {
  const rows = Object.entries(result.entities).map(([name, counts]) => [
    name,
    counts.parsed,
    counts.created,
    counts.updated,
    counts.unchanged,
    counts.quarantined,
    counts.conflicts,
  ]);
  const lines = [
    `${result.dryRun ? "Dry run" : "Run"} ${result.runId} (${(result.durationMs / 1000).toFixed(1)} s)`,
    textTable(
      [
        "",
        "parsed",
        result.dryRun ? "to create" : "created",
        result.dryRun ? "to update" : "updated",
        "unchanged",
        "quarantined",
        "conflicts",
      ],
      rows,
    ),
    ...result.quarantine
      .slice(0, 20)
      .map(
        (row) =>
          `  ${row.entity} row ${row.row}${row.waId === null ? "" : ` (id ${row.waId})`}: ${row.reason}, ${row.message}`,
      ),
  ];
  if (result.quarantineTotal > 20)
    lines.push(`  ... ${result.quarantineTotal - 20} more refused rows are in the bundle`);
  lines.push(...result.warnings.map((warning) => `  [${warning.level}] ${warning.message}`));
  if (result.bundle) lines.push(`Bundle ${result.bundle.path}  sha256 ${result.bundle.sha256}`);
  lines.push(
    result.dryRun
      ? `Plan ${result.planDigest}\nExecute exactly this with: runback import --plan ${result.planDigest}`
      : `Take it back with: runback rollback ${result.runId} --plan`,
  );
  return lines.join("\n");
}
