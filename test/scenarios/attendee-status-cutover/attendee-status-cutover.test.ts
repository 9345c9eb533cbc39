import { join } from "node:path";
import { attendeeStatus } from "@runback/attendance";
import { mapLegacy, type Stage } from "@runback/core";
import { ColumnSwitch } from "@runback/flags";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { skippedEngines } from "../../support/skipped.ts";
import { statements } from "../runbook-1-sql/statements.ts";
import { openSite, type Site } from "./site.ts";

const name = "attendee-status";
const people = 60;
const spellings = ["present", "Reg", "no show", "walk-in", "attended", "registered", " Checked In ", "absent"];

interface Shown {
  readonly phase: number;
  readonly stage: Stage;
  readonly flags: Readonly<Record<string, boolean>>;
}

/**
 * The attendee status handbook from its first line to its last, its rollback included, as its people would do it now: with
 * `runback cutover` where it has SQL by hand. In order: each step goes on with what the one before left.
 */
describe.runIf(!skippedEngines.includes("sqlite"))("runbook 1 on SQLite, at the command line", () => {
  let site: Site;
  let shown: Shown;
  let status: ColumnSwitch;
  let next = people;

  beforeAll(() => {
    site = openSite();
    site.sql("CREATE TABLE event_attendance (id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL, status TEXT NOT NULL)");
    for (let id = 1; id <= people; id++)
      site.sql("INSERT INTO event_attendance VALUES (?, ?, ?)", id, id % 5, spellings[id % spellings.length]!);
    // The application follows the stage; whatever is known last decides, in the middle of a deployment too.
    status = new ColumnSwitch({ flags: { stage: () => shown.stage }, cutover: name });
  });

  afterAll(() => site?.close());

  const look = async () => {
    shown = await site.ok<Shown>("cutover", "show", name);
    return [shown.phase, shown.flags.status_v2_dual_write, shown.flags.status_v2_read_pivot, shown.stage];
  };
  const watched = async () => {
    for (let run = 0; run < 2; run++) await site.ok("monitor", "run", `cutover-${name}`);
  };
  const snapshot = async () => {
    const { snapshotId } = await site.ok<{ snapshotId: string }>("snapshot", "create", "--operator", "ana");
    await site.ok("snapshot", "verify", snapshotId);
    return snapshotId;
  };
  const advance = async (...args: string[]) => {
    await site.ok("cutover", "advance", name, "--operator", "ana", ...args);
    return await look();
  };
  const retreat = async () => {
    const result = await site.ok("cutover", "retreat", name, "--operator", "ana");
    await look();
    return result;
  };
  /** What the application does of a desk's day: a new attendee, and a change of one who was there. */
  const work = async (legacy = "walk_in") => {
    const id = ++next;
    const insert = status.writer({
      legacy: () => {
        const there = site.sql("SELECT 1 FROM event_attendance WHERE id = ?", id).length > 0;
        if (there) site.sql("UPDATE event_attendance SET status = ? WHERE id = ?", legacy, id);
        else site.sql("INSERT INTO event_attendance (id, event_id, status) VALUES (?, 1, ?)", id, legacy);
      },
      new: () => {
        const code = mapLegacy(attendeeStatus, legacy);
        const there = site.sql("SELECT 1 FROM event_attendance WHERE id = ?", id).length > 0;
        if (there) site.sql("UPDATE event_attendance SET status_v2 = ? WHERE id = ?", code, id);
        else if (shown.phase < 4)
          site.sql(
            "INSERT INTO event_attendance (id, event_id, status, status_v2) VALUES (?, 1, ?, ?)",
            id,
            legacy,
            code,
          );
        else site.sql("INSERT INTO event_attendance (id, event_id, status_v2) VALUES (?, 1, ?)", id, code);
      },
    });
    await insert();
    return id;
  };
  const statement = (start: string) => statements.find(({ sql }) => sql.startsWith(start))!.sql;
  const verification = () => [
    site.sql(statement("SELECT COUNT(*) AS null_rows"))[0]!.null_rows,
    // The handbook's own monitor knows fewer spellings than people use: it is asked about those it knows.
    site.sql(
      `${statement("SELECT COUNT(*) AS mismatches")} AND lower(trim(status)) IN ('checkedin','attended','present','dna','noshow','no_show','walkin','walk_in','preregistered','registered') AND status = lower(trim(status))`,
    )[0]!.mismatches,
  ];
  const gate = (...args: string[]) => site.refused("cutover", "gate", name, "--operator", "ana", ...args);
  const guarded = async () => {
    const record = join(site.folder, "guard.json");
    await site.ok("guard", site.sources, "--format", "json", "--record", record);
    return ["--guard", record];
  };

  it("1 prep: no backup, no change", async () => {
    await site.ok("init");
    expect(await gate()).toEqual(["snapshot"]);
    expect(await site.refused("cutover", "advance", name, "--operator", "ana")).toBe("GATE_CLOSED");
    await snapshot();
    expect(await advance()).toEqual([0, false, false, "off"]);
    expect(() => site.sql("UPDATE event_attendance SET status_v2 = 'present' WHERE id = 1")).toThrow(/CHECK/);
    await work();
  });

  it("2 dual-write: the application writes both, and the gate sees it", async () => {
    expect(await advance()).toEqual([1, true, false, "dualwrite"]);
    expect(await gate()).toEqual(expect.arrayContaining(["dual-write", "monitor-runs"]));
    const id = await work("attended");
    expect(site.sql("SELECT status, status_v2 FROM event_attendance WHERE id = ?", id)).toEqual([
      { status: "attended", status_v2: "checkedin" },
    ]);
    await watched();
    // A writer that somebody forgot.
    site.sql("UPDATE event_attendance SET status = 'dna' WHERE id = ?", id);
    expect(await site.refused("monitor", "run", `cutover-${name}`)).toBe("CUTOVER_MISMATCH");
    expect(await gate()).toEqual(expect.arrayContaining(["mismatched"]));
    site.sql("UPDATE event_attendance SET status = 'attended' WHERE id = ?", id);
    await watched();
  });

  it("3 backfill: counted first, taken back once, what nobody foresaw is not guessed", async () => {
    expect(await advance()).toEqual([2, true, false, "shadow"]);
    site.sql("INSERT INTO event_attendance (id, event_id, status) VALUES (?, 1, 'cancelled')", ++next);
    const strange = next;
    const plan = await site.ok<{ toFill: number }>("cutover", "backfill", name, "--dry-run");
    const { runId, filled } = await site.ok<{ runId: string; filled: number }>(
      "cutover",
      "backfill",
      name,
      "--operator",
      "ana",
    );
    expect([plan.toFill, filled]).toEqual([people + 1, people + 1]);
    await site.ok("rollback", runId, "--operator", "ana");
    expect(site.sql("SELECT COUNT(*) AS n FROM event_attendance WHERE status_v2 IS NOT NULL")).toEqual([{ n: 1 }]);
    expect(await site.ok("cutover", "backfill", name, "--operator", "ana")).toMatchObject({ filled: people + 1 });
    expect(await gate()).toEqual(expect.arrayContaining(["null-rows", "quarantined"]));
    expect(verification()[0]).toBe(1);
    // The committee decides what a cancelled attendee is.
    site.sql("UPDATE event_attendance SET status = 'preregistered', status_v2 = 'preregistered' WHERE id = ?", strange);
    await watched();
    expect(verification()).toEqual([0, 0]);
  });

  it("4 read pivot: readers see the new column, and writes still set both", async () => {
    expect(await advance()).toEqual([3, true, true, "live"]);
    const id = await work("walk_in");
    expect(site.sql("SELECT status, status_v2 FROM event_attendance WHERE id = ?", id)).toEqual([
      { status: "walk_in", status_v2: "walkin" },
    ]);
    expect(verification()).toEqual([0, 0]);
  });

  it("rollback: readers go back, writers still write both, bad rows are corrected and backfilled, and the pivot is tried again", async () => {
    const [bad] = site.sql("SELECT id FROM event_attendance WHERE status = 'present' LIMIT 1");
    site.sql("UPDATE event_attendance SET status_v2 = 'dna' WHERE id = ?", bad!.id as number);
    expect(await site.refused("monitor", "run", `cutover-${name}`)).toBe("CUTOVER_MISMATCH");
    // 1) and 2) of the handbook's rollback: both flags at once.
    expect(await retreat()).toMatchObject({ moved: true, to: { phase: 2 } });
    expect(await look()).toEqual([2, true, false, "shadow"]);
    const id = await work("noshow");
    // 3) correct, and backfill again.
    site.sql("UPDATE event_attendance SET status_v2 = NULL WHERE id = ?", bad!.id as number);
    expect(await site.ok("cutover", "backfill", name, "--operator", "ana")).toMatchObject({ filled: 1 });
    // 4) verify, pivot again.
    expect(verification()).toEqual([0, 0]);
    await watched();
    expect(await advance()).toEqual([3, true, true, "live"]);
    expect(
      site.sql("SELECT status_v2 FROM event_attendance WHERE id IN (?, ?) ORDER BY id", bad!.id as number, id),
    ).toEqual([{ status_v2: "checkedin" }, { status_v2: "dna" }]);
  });

  it("5 stop legacy writes: only once the guard passed on the commit that is deployed; and back, without a lost write", async () => {
    site.commit(
      'await db.update(eventAttendance).set({ status: "dna" });\nconst q = "UPDATE event_attendance SET status = 1";\n',
    );
    expect(await site.refused("guard", site.sources, "--format", "json")).toBe("guard failed");
    const commit = site.commit("await db.update(eventAttendance).set({ statusV2: code });\n");
    await watched();
    await snapshot();
    expect(await gate()).toEqual(["guard"]);
    expect(await advance(...(await guarded()), "--revision", commit)).toEqual([4, false, true, "complete"]);
    const id = await work("walk_in");
    expect(site.sql("SELECT status, status_v2 FROM event_attendance WHERE id = ?", id)).toEqual([
      { status: null, status_v2: "walkin" },
    ]);
    expect(() => site.sql("INSERT INTO event_attendance (id, event_id, status) VALUES (9999, 1, 'dna')")).toThrow(
      /NOT NULL/,
    );

    expect(await retreat()).toMatchObject({ moved: true, to: { phase: 3 }, sync: { rows: 1 } });
    expect(site.sql("SELECT status, status_v2 FROM event_attendance WHERE id = ?", id)).toEqual([
      { status: "walkin", status_v2: "walkin" },
    ]);
    await work("present");
    expect(verification()).toEqual([0, 0]);
    await watched();
    expect(await advance(...(await guarded()), "--revision", commit)).toEqual([4, false, true, "complete"]);
    await work("attended");
  });

  it("6 cleanup: renamed, watched, back once, and dropped by two people with a snapshot that has everything", async () => {
    await watched();
    expect(await gate(...(await guarded()))).toEqual(["snapshot"]);
    await snapshot();
    expect(await advance()).toEqual([5, false, true, "complete"]);
    const names = () => site.sql("SELECT name FROM pragma_table_info('event_attendance')").map((row) => row.name);
    expect(names()).toEqual(["id", "event_id", "status_legacy", "status_v2"]);
    await work("noshow");
    await retreat();
    expect(names()).toEqual(["id", "event_id", "status", "status_v2"]);
    await work("noshow");
    await watched();
    await snapshot();
    await advance(...(await guarded()));
    await watched();
    const last = await snapshot();
    const before = site.sql("SELECT id, event_id, status_v2 FROM event_attendance ORDER BY id");
    const { approvalDigest, open } = await site.ok<{ approvalDigest: string; open: boolean }>(
      ...["cutover", "gate", name, "--operator", "ana", ...(await guarded())],
    );
    expect(open).toBe(true);
    const approval = await site.ok<{ id: string }>(
      ...["approve", approvalDigest, "--requested-by", "ana", "--operator", "bob", "--action", "cutover:drop"],
    );
    await site.ok("cutover", "advance", name, "--operator", "ana", "--approval", approval.id);
    expect(names()).toEqual(["id", "event_id", "status_v2"]);
    expect(site.sql("SELECT id, event_id, status_v2 FROM event_attendance ORDER BY id")).toEqual(before);
    await look();
    await work("noshow");
    // Permanent, and it says so; what was dropped is in the snapshot.
    const copy = join(site.folder, "then.db");
    await site.ok("snapshot", "restore", last, "--into", `sqlite://${copy}`);
    expect(site.sqlIn(copy, "SELECT id, event_id, status_v2 FROM event_attendance ORDER BY id")).toEqual(before);
    expect(site.sqlIn(copy, "SELECT status_legacy FROM event_attendance WHERE id IN (2, 6) ORDER BY id")).toEqual([
      { status_legacy: "no show" },
      { status_legacy: " Checked In " },
    ]);
  });

  it("is on record, from the first phase to the drop, and the trail is whole", async () => {
    const { entries } = await site.ok<{ entries: { action: string }[] }>("audit", "list", "--limit", "100");
    const moves = entries.map(({ action }) => action).filter((action) => action.includes("cutover"));
    expect(moves.length).toBeGreaterThanOrEqual(11);
    await site.ok("audit", "verify");
  });
});
