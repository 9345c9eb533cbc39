import { type Context, deliverAlerts, listAlerts, resumeBackfill, startBackfill } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { attendanceTable } from "../../cutover/attendance-table.ts";
import { families } from "../../cutover/support.ts";

/**
 * A run failed, was resumed and completed, and its process died before it resolved the alert of the failure. Nothing resolves that
 * later where no other run of the migration comes: a backfill that is done is not done again.
 */
describe.each(families)("a run that failed, then completed and died on %s", (name) => {
  it("has its alert resolved by the next delivery, once", async () => {
    await using table = await attendanceTable(name);
    const { context, cutover, engine, about } = table;
    await engine.query("ALTER TABLE event_attendance ADD COLUMN status_v2 varchar(32)");
    await table.legacy({ 1: "present" });
    const { runId } = await startBackfill(context, { ...about, cutover, runbookCompat: false });
    await expect(resumeBackfill(withoutVault(context), cutover, runId)).rejects.toThrow("no vault");
    const deliver = () => deliverAlerts(context, { receivers: [], send: async () => {}, budgetMs: 1_000 });
    await deliver();
    expect((await listAlerts(context, {})).alerts).toMatchObject([{ state: "open", runId }]);
    await resumeBackfill(goneOnceComplete(context), cutover, runId).catch(() => {});
    expect(await engine.store.run(engine, runId)).toMatchObject({ state: "completed" });
    expect((await listAlerts(context, {})).alerts).toMatchObject([{ state: "open", runId }]);
    await deliver();
    await deliver();
    expect((await listAlerts(context, { all: true })).alerts).toMatchObject([{ state: "resolved", runId }]);
    const { rows } = await engine.query<{ kind: string }>(
      `SELECT kind FROM ${engine.dialect.table({ schema: "runback", name: "alert_events" })} ORDER BY seq`,
    );
    expect(rows.map(({ kind }) => kind)).toEqual(["opened", "resolved"]);
  });
});

const withoutVault = (context: Context): Context => ({
  ...context,
  vault: new Proxy(context.vault, {
    get: () => () => {
      throw new Error("no vault");
    },
  }),
});

/** Every transaction after the one in which the run completes meets a process that is gone. */
function goneOnceComplete(context: Context): Context {
  const { engine } = context;
  let complete = false;
  const updateRun: typeof engine.store.updateRun = async (tx, id, change) => {
    await engine.store.updateRun(tx, id, change);
    complete ||= change.state === "completed";
  };
  const transaction: typeof engine.transaction = async (work, how) => {
    if (complete) throw new Error("killed");
    return await engine.transaction(work, how);
  };
  return { ...context, engine: { ...engine, transaction, store: { ...engine.store, updateRun } } };
}
