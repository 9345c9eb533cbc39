import type { Run } from "@runback/core";
import type { Context } from "../../context.ts";

/** Names the migration in runs, and their lease: one at a time migrates, or takes the migration back. */
export const attendanceMigration = "attendance-migration";
export const attendanceLease = `migration:${attendanceMigration}`;

export type AttendanceVerb = "migrate" | "rollback";

/** A run of this verb that was interrupted is gone on with, not started twice. */
export async function unfinished({ engine }: Pick<Context, "engine">, verb: AttendanceVerb): Promise<Run | undefined> {
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const found = page.runs.find(
      (run) =>
        run.kind === "attendance" &&
        run.migration === attendanceMigration &&
        (run.input as { verb?: string } | null)?.verb === verb &&
        ["running", "paused", "failed"].includes(run.state),
    );
    if (found || page.next === null) return found;
    before = page.next;
  }
}
