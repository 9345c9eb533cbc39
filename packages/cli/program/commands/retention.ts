import { retentionSweep } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

export function retentionCommand(session: Session): Command {
  return new Command("retention").description("delete what has outlived its retention").addCommand(
    new Command("sweep")
      .description("dry runs after 7 days, snapshots and start markers after 30; bundles and audit anchors never")
      .option("--dry-run", "say what would go; delete nothing")
      .action(async ({ dryRun }: { dryRun?: boolean }) => {
        const runtime = await session.runtime();
        const result = await retentionSweep(runtime.context, { dryRun: dryRun === true });
        session.status = result.failed ? 1 : 0;
        session.result(result, () =>
          [
            textTable(
              ["vault", dryRun ? "would go" : "deleted"],
              result.vault.map((each) => [each.prefix, each.objects]),
            ),
            `${result.stageTables.length} staging tables, ${result.idempotencyKeys} idempotency keys, ${result.monitorRuns} monitor runs, ${result.cutoverMetrics} rows of metrics`,
            ...result.errors.map((error) => `FAILED ${error.what}: ${error.code}`),
          ].join("\n"),
        );
      }),
  );
}
