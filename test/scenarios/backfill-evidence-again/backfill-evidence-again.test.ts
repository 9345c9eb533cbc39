import { type Context, resumeBackfill, startBackfill } from "@runback/operations";
import { readAll } from "@runback/vault";
import { describe, expect, it } from "vitest";
import { attendanceTable } from "../../cutover/attendance-table.ts";
import { families } from "../../cutover/support.ts";

/**
 * The bundle was stored and the run was not yet complete when the process died. Whoever went on with it wrote the same report
 * with the keys of its quarantined values in another order, as PostgreSQL keeps them (`jsonb`), and the vault refused that for
 * good: the backfill could never be ended.
 */
describe.each(families)("a backfill that died after its bundle was stored, on %s", (name) => {
  it("is ended by the next, with the bundle as it is", async () => {
    await using table = await attendanceTable(name);
    const { context, cutover, engine, about } = table;
    await engine.query("ALTER TABLE event_attendance ADD COLUMN status_v2 varchar(32)");
    await table.legacy({ 1: "present", 2: "cancelled", 3: "late", 4: "cancelled" });
    const { runId } = await startBackfill(context, { ...about, cutover, runbookCompat: false });
    await expect(resumeBackfill(goneAfterTheBundle(context), cutover, runId)).rejects.toThrow("killed");
    const report = async () =>
      Buffer.from(
        await readAll(context.vault.get(`bundles/${runId}/backfill-report.json`), 1_000_000, "it"),
      ).toString();
    const stored = await report();
    const quarantined = [
      { value: "cancelled", rows: 2 },
      { value: "late", rows: 1 },
    ];
    expect(await resumeBackfill(context, cutover, runId)).toMatchObject({ filled: 1, quarantinedRows: 3, quarantined });
    expect(await report()).toBe(stored);
  });
});

function goneAfterTheBundle(context: Context): Context {
  const { vault } = context;
  const put: typeof vault.put = async (key, ...rest) => {
    const stored = await vault.put(key, ...rest);
    if (key.endsWith("SHA256SUMS")) throw new Error("killed");
    return stored;
  };
  const watched = new Proxy(vault, {
    get: (from, key) => {
      if (key === "put") return put;
      const value: unknown = Reflect.get(from, key);
      return typeof value === "function" ? value.bind(from) : value;
    },
  });
  return { ...context, vault: watched };
}
