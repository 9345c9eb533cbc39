import { createHash, randomUUID } from "node:crypto";
import type { Connection, Engine } from "@runback/core";
import {
  approve,
  attendanceTriggers,
  type Context,
  migrateAttendance,
  planAttendanceRemoval,
  removeAttendance,
  scanAttendanceAudit,
  setAttendanceTriggers,
} from "@runback/operations";
import { readAll } from "@runback/vault";
import { describe, expect, test } from "vitest";
import { auditTable, testContext } from "../operations/support.ts";
import type { EngineName } from "../support/engines.ts";
import { familyOf } from "../support/family.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { attendanceEngines } from "./engines.ts";
import { createInstallation } from "./installation.ts";

const options = { operator: "ana", auditTable };

async function migrated(name: Parameters<typeof testContext>[0]) {
  const site = await testContext(name);
  const { engine } = site.context;
  await createInstallation(engine, 6);
  const before = await engine.catalog();
  await migrateAttendance(site.context, options);
  await engine.query(
    "UPDATE event_participants SET attendance_status = 'present', attendance_notes = 'came' WHERE participant_id <= 2",
  );
  await engine.query(
    `INSERT INTO event_attendance_audit (event_id, participant_id, user_id, action, previous_status, new_status, reason, performed_at)
     VALUES (1, 1, 1, 'check_in', 'unknown', 'present', 'said "hello"', '2026-01-10 10:00:00.123456'), (2, 2, 2, 'check_in', NULL, 'present', NULL, '2026-01-10 10:00:01')`,
  );
  return { ...site, before, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() };
}

async function approval(context: Context): Promise<string> {
  const { digest } = await planAttendanceRemoval(context);
  const request = { digest, action: "attendance rollback", requestedBy: "ana", approvedBy: "bo" };
  return (await approve(context, request, auditTable)).id;
}

const shape = async (engine: Engine) =>
  (await engine.catalog()).tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]);

const exported = async (context: Context, key: string) =>
  Buffer.from(await readAll(context.vault.get(key), 1_000_000, "The export")).toString();

/** Fails the n-th statement that goes to the server in a transaction. */
class Killed extends Error {}
function dyingAt(engine: Engine, at: number): Engine {
  let count = 0;
  const over = (tx: Connection): Connection => ({
    ...tx,
    query: async (text, params) => {
      if (count++ === at) throw new Killed();
      return await tx.query(text, params);
    },
    savepoint: (work) => tx.savepoint((inner) => work(over(inner))),
  });
  return { ...engine, transaction: (work, how) => engine.transaction((tx) => work(over(tx)), how) };
}

// MySQL, which the runbook is about, and another one each day. Snapshots come first, and not every way to a server takes them.
const others: readonly EngineName[] = inTurn(
  attendanceEngines.filter((name) => name !== "mysql" && name !== "data-api"),
);
const engines = attendanceEngines.filter((name) => name === "mysql" || others.includes(name));

describe.each(engines)("attendance rollback on %s", (name) => {
  test("the audit is in the vault before anything goes, and the target is as it was before", async () => {
    await using site = await migrated(name);
    const { context } = site;
    const { engine } = context;
    await setAttendanceTriggers(context, { ...options, on: true });
    const plan = await planAttendanceRemoval(context);
    expect(plan).toMatchObject({ runId: null, auditRows: 2, known: 2, export: null });
    await expect(removeAttendance(context, options)).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
    expect((await attendanceTriggers(context)).state).toBe("on");

    const removed = await removeAttendance(context, { ...options, approval: await approval(context) });
    expect(removed).toMatchObject({ removes: plan.removes, export: { rows: 2 }, auditProblems: 0 });
    expect(removed.snapshotId).toMatch(/^snap-/);
    expect(await shape(engine)).toEqual(
      site.before.tables.map((table) => [table.name, table.columns.map((column) => column.name)]),
    );
    const { rows } = await engine.query<{ people: string }>(
      `SELECT ${engine.dialect.cast("count(*)", "text")} AS people FROM event_participants`,
    );
    expect(rows[0]!.people).toBe("6");
    // Writers are not refused by a trigger that names a column which is gone.
    await engine.query("INSERT INTO event_participants (event_id, user_id, status) VALUES (1, 99, 'registered')");

    const text = await exported(context, removed.export!.key);
    expect(createHash("sha256").update(text).digest("hex")).toBe(removed.export!.sha256);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string | null>);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ id: "1", participant_id: "1", action: "check_in", reason: 'said "hello"' });
    expect(lines[0]!.performed_at).toMatch(/^2026-01-10[ T]10:00:00\.123456/);
    expect(lines[1]).toMatchObject({ previous_status: null, reason: null });
    const trail = await engine.query<{ action: string }>(
      `SELECT action FROM ${engine.dialect.table(auditTable)} WHERE action IN ('attendance:audit:exported', 'attendance:removed') ORDER BY action`,
    );
    expect(trail.rows.map(({ action }) => action)).toEqual(["attendance:audit:exported", "attendance:removed"]);

    expect(await planAttendanceRemoval(context)).toMatchObject({ removes: [] });
    expect(await removeAttendance(context, options)).toMatchObject({ runId: null, removes: [] });
    // The table that comes next is another one: nothing of it is missing.
    await migrateAttendance(context, options);
    expect(await scanAttendanceAudit(context)).toMatchObject({ rows: 0, problems: [] });
  });

  test("an export that does not come back as it was written removes nothing", async () => {
    await using site = await migrated(name);
    const { context } = site;
    const before = await shape(context.engine);
    const cut: Context = {
      ...context,
      vault: {
        ...bound(context.vault),
        get: (key, how) =>
          key.includes("/exports/") ? firstByte(context.vault.get(key, how)) : context.vault.get(key, how),
      },
    };
    await expect(removeAttendance(cut, { ...options, approval: await approval(context) })).rejects.toMatchObject({
      code: "ATTENDANCE_EXPORT_UNVERIFIED",
    });
    expect(await shape(context.engine)).toEqual(before);
    // Nothing went, so what was approved then is not approved for ever.
    site.clock.advance(25 * 3_600_000);
    await expect(removeAttendance(context, options)).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
    expect(await shape(context.engine)).toEqual(before);
    expect(await removeAttendance(context, { ...options, approval: await approval(context) })).toMatchObject({
      export: { rows: 2 },
    });
  });

  test("a foreign key keeps an index to look it up by", async () => {
    await using site = await testContext(name);
    const { context } = site;
    await createInstallation(context.engine, 0);
    await context.engine.query("DROP TABLE event_participants");
    await context.engine.query(
      `CREATE TABLE event_participants (participant_id int PRIMARY KEY, event_id int NOT NULL, user_id int NOT NULL, status varchar(20) NOT NULL,
        FOREIGN KEY (event_id) REFERENCES events (event_id))`,
    );
    await migrateAttendance(context, options);
    await removeAttendance(context, { ...options, approval: await approval(context) });
    expect(await planAttendanceRemoval(context)).toMatchObject({ removes: [] });
  });

  test("killed before any statement, the next call goes on, and every audit row is in the vault", async () => {
    await using site = await migrated(name);
    const { context } = site;
    const given = await approval(context);
    const step = familyOf(name) === "mysql" ? 1 : 9;
    let died = 0;
    for (let at = 0; ; at += step) {
      const dying = {
        ...context,
        engine: dyingAt(context.engine, at),
        holder: `dead:${randomUUID()}`,
        isDead: () => true,
      };
      const outcome = await removeAttendance(dying, { ...options, approval: given }).catch((error: unknown) => error);
      if (outcome instanceof Killed) {
        died++;
        continue;
      }
      expect(outcome).toMatchObject({ export: { rows: 2 } });
      const { key } = (outcome as { export: { key: string } }).export;
      expect((await exported(context, key)).trimEnd().split("\n")).toHaveLength(2);
      break;
    }
    expect(died).toBeGreaterThan(3);
    expect(await planAttendanceRemoval(context)).toMatchObject({ removes: [] });
    expect(await shape(context.engine)).toEqual(
      site.before.tables.map((table) => [table.name, table.columns.map((column) => column.name)]),
    );
  });
});

function bound(vault: Context["vault"]): Context["vault"] {
  return {
    location: vault.location,
    put: vault.put.bind(vault),
    get: vault.get.bind(vault),
    head: vault.head.bind(vault),
    list: vault.list.bind(vault),
    delete: vault.delete.bind(vault),
    close: vault.close.bind(vault),
  };
}

async function* firstByte(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk.subarray(0, 1);
    return;
  }
}
