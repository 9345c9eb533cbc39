import { advanceCutover, retreatCutover, showCutover } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { attendanceTable } from "../../cutover/attendance-table.ts";
import { families } from "../../cutover/support.ts";
import { goneBeforeTheRecord } from "./gone.ts";

/**
 * Whoever takes phase 0 back is asked for a snapshot when codes would be lost, or cannot be counted. Where each statement commits
 * by itself, a process that died between the drop and its record left rows that could not be counted for ever, since the column
 * was gone: neither `retreat` nor `advance` led out of that.
 */
describe.each(families)("a cutover that loses its column on %s", (name) => {
  it("is taken back by the next after its process died", async () => {
    await using table = await attendanceTable(name);
    const { context, cutover, about } = table;
    await table.legacy({ 1: "present" });
    await table.snapshot();
    await advanceCutover(context, cutover, about);
    table.later(30);
    await expect(retreatCutover(goneBeforeTheRecord(context), cutover, about)).rejects.toThrow("killed");
    expect(await showCutover(context, cutover)).toMatchObject({ phase: 0, moving: "retreat:planned" });
    expect(await retreatCutover(context, cutover, about)).toMatchObject({ moved: true, to: { state: "planned" } });
    expect(await table.rows()).toEqual([[1, "present"]]);
  });

  it("is taken back after the advance that was to make it died", async () => {
    await using table = await attendanceTable(name);
    const { context, cutover, about } = table;
    await table.legacy({ 1: "present" });
    await table.snapshot();
    const { engine } = context;
    const reshape = {
      ...engine.reshape,
      transaction: async () => {
        throw new Error("killed");
      },
    };
    const dying = { ...context, engine: { ...engine, reshape } };
    await expect(advanceCutover(dying, cutover, about)).rejects.toThrow("killed");
    table.later(30);
    expect(await retreatCutover(context, cutover, about)).toMatchObject({ moved: true, to: { state: "planned" } });
    await table.snapshot();
    expect(await advanceCutover(context, cutover, about)).toMatchObject({ to: { phase: 0, state: "entered" } });
  });
});
