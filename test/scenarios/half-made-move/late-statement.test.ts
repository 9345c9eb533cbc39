import type { Connection, Engine } from "@runback/core";
import { openMysql } from "@runback/engines";
import { advanceCutover, migrateAttendance, planAttendance, retreatCutover, showCutover } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { createInstallation } from "../../attendance/installation.ts";
import { attendanceTable } from "../../cutover/attendance-table.ts";
import { auditTable, testContext } from "../../operations/support.ts";
import { type EngineName, engineNames } from "../../support/engines.ts";

/** Where each schema change commits by itself. */
const families: readonly EngineName[] = engineNames.filter((name) => name === "mysql");
const alters = /^(ALTER TABLE|CREATE (INDEX|TABLE)|DROP INDEX)/;

/**
 * A server goes on with the statement of a process that is gone. Whoever made the move again found the column missing, waited
 * behind that statement, and was told that the column is there: an error of the driver's, with no word of what to do.
 */
describe.each(families)("a statement of a dead process that is made meanwhile, on %s", (name) => {
  it("is what the next one wanted: a cutover", async () => {
    await using table = await attendanceTable(name);
    const { cutover, about } = table;
    await table.legacy({ 1: "present" });
    await table.snapshot();
    await using late = lateStatements(table.engine);
    const context = { ...table.context, engine: late.engine };
    expect(await advanceCutover(context, cutover, about)).toMatchObject({ moved: true, to: { phase: 0 } });
    expect(await retreatCutover(context, cutover, about)).toMatchObject({ moved: true, to: { state: "planned" } });
    expect(late.made).toBe(5);
    expect(await showCutover(context, cutover)).toMatchObject({ state: "planned", moving: null });
    expect(await table.rows()).toEqual([[1, "present"]]);
  });

  it("is what the next one wanted: the attendance schema", async () => {
    await using site = await testContext(name);
    const { engine } = site.context;
    await createInstallation(engine, 5);
    await using late = lateStatements(engine);
    await migrateAttendance({ ...site.context, engine: late.engine }, { operator: "ana", auditTable });
    expect(late.made).toBeGreaterThan(5);
    expect(await planAttendance(site.context)).toMatchObject({ steps: [], obstacles: [], backfill: 0 });
  });
});

/** Every schema change was begun by somebody who is dead, and is made just before ours. */
function lateStatements(engine: Engine) {
  const dead = openMysql(engine.location);
  const late = { made: 0 };
  const over = (tx: Connection): Connection => ({
    ...tx,
    query: async (text, params) => {
      if (alters.test(text) && !text.includes("runback_")) {
        late.made++;
        await dead.script(text);
      }
      return await tx.query(text, params);
    },
  });
  return {
    get made() {
      return late.made;
    },
    engine: {
      ...engine,
      transaction: (work, how) => engine.transaction((tx) => work(over(tx)), how),
      reshape: {
        ...engine.reshape,
        transaction: (work, ms) => engine.reshape.transaction((tx) => work(over(tx)), ms),
      },
    } satisfies Engine as Engine,
    [Symbol.asyncDispose]: () => dead.close(),
  };
}
