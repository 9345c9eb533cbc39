import { wildApricotImport } from "@runback/membership";
import { planRollback, runRollback } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk } from "../../membership/targets.ts";
import { applicationTables, tableDigests } from "../support/table-digests.ts";

const { auditTable } = wildApricotImport;
const first = {
  members: ["1,Ann,Good,ann@example.org,555-0101,,General", "2,Bob,Smith,bob@example.org,555-0102,,General"],
};
const second = {
  members: ["1,Ann,Good,ann@example.org,555-0199,,General", "2,Bob,Smith,bob@example.org,555-0102,,General"],
};
const takeBack = ({ target }: Desk, runId: string, onConflict: "abort" | "skip" = "abort") =>
  runRollback(target.context, { runId, operator: "alice", onConflict, auditTable });

describe("a run that a later run built on", () => {
  let desk: Desk;
  let runs: string[];
  const states: Record<string, string>[] = [];
  beforeAll(async () => {
    desk = await openDesk();
    const state = async () => states.push(await tableDigests(desk.target.engine, applicationTables));
    await state();
    const one = await desk.target.import(await desk.export(first));
    await state();
    const two = await desk.target.import(await desk.export(second));
    runs = [one.runId, two.runId];
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  it("is not taken back over the later run's work", async () => {
    const plan = await planRollback(desk.target.context, runs[0]!, "abort");
    expect(plan.tables.Member).toEqual({ reverted: 1, already: 0, edited: 1, missing: 0, referenced: 0 });
    expect(await takeBack(desk, runs[0]!)).toMatchObject({ rollbackRunId: null });
  });

  it("comes back step by step when the later one is taken back first", async () => {
    expect(await takeBack(desk, runs[1]!)).toMatchObject({ verified: true, classes: { edited: 0 } });
    expect(await tableDigests(desk.target.engine, applicationTables)).toEqual(states[1]);
    expect(await takeBack(desk, runs[0]!)).toMatchObject({ verified: true, classes: { edited: 0 } });
    expect(await tableDigests(desk.target.engine, applicationTables)).toEqual(states[0]);
  });
});

describe("rows of others that need a row of the run", () => {
  it.each(["RESTRICT", "CASCADE", "SET NULL"])("keep it, whatever their foreign key would do: %s", async (action) => {
    await using desk = await openDesk();
    await desk.target.engine.script(
      `CREATE TABLE "Payment" (id int PRIMARY KEY, "memberId" uuid REFERENCES "Member" ON DELETE ${action}, cents int)`,
    );
    const { runId } = await desk.target.import(await desk.export(first));
    await desk.target.engine.script(
      `INSERT INTO "Payment" SELECT 1, id, 4200 FROM "Member" WHERE email = 'ann@example.org'`,
    );
    const aborted = await takeBack(desk, runId);
    expect(aborted).toMatchObject({ rollbackRunId: null, tables: { Member: { referenced: 1, reverted: 1 } } });
    expect(aborted.conflicts).toMatchObject([{ table: "Member", class: "referenced" }]);
    expect(aborted.conflicts[0]!.detail).toContain("Payment");
    const skipped = await takeBack(desk, runId, "skip");
    expect(skipped).toMatchObject({ verified: true });
    expect(await desk.rows(`SELECT m.email, p.cents FROM "Payment" p JOIN "Member" m ON m.id = p."memberId"`)).toEqual([
      { email: "ann@example.org", cents: 4200 },
    ]);
    expect(await desk.rows(`SELECT count(*)::int AS members FROM "Member"`)).toEqual([{ members: 1 }]);
  });
});

describe("a row of the run that somebody deleted", () => {
  it("is no conflict when the run had created it: it is gone already", async () => {
    await using desk = await openDesk();
    const { runId } = await desk.target.import(await desk.export(first));
    await desk.target.engine.script(`DELETE FROM "Member" WHERE email = 'ann@example.org'`);
    expect((await takeBack(desk, runId)).tables.Member).toMatchObject({ reverted: 1, already: 1, missing: 0 });
  });

  it("is missing when the run had changed it, and is not made again", async () => {
    await using desk = await openDesk();
    await desk.target.import(await desk.export(first));
    const { runId } = await desk.target.import(await desk.export(second));
    await desk.target.engine.script(`DELETE FROM "Member" WHERE email = 'ann@example.org'`);
    expect(await takeBack(desk, runId)).toMatchObject({ rollbackRunId: null, tables: { Member: { missing: 1 } } });
    expect(await takeBack(desk, runId, "skip")).toMatchObject({ verified: true });
    expect(await desk.rows(`SELECT email FROM "Member"`)).toEqual([{ email: "bob@example.org" }]);
  });
});
