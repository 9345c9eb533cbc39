import { createApi } from "@runback/api";
import { openMysql, openPostgres } from "@runback/engines";
import { runExec } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { runtimeOver } from "../../packages/runtime/src/runtime.ts";
import { createDatabase } from "../support/database.ts";
import { createMysqlDatabase } from "../support/mysql-database.ts";
import { addEvent, attendanceTarget, auditTable, before, closes, entries, house, people } from "./attendance-target.ts";

const admin = "admin-token-of-the-attendance-suite";

describe.each([
  ["postgres", createDatabase, openPostgres],
  ["mysql", createMysqlDatabase, openMysql],
] as const)("HTTP on %s", (name, create, open) => {
  test("500 people at once through a pool of 10 are all answered, and each is in once", {
    timeout: 180_000,
  }, async () => {
    await using database = await create();
    await using target = await attendanceTarget(name, "participants", open(database.url, { max: 10 }));
    const n = 500;
    await addEvent(
      target,
      1,
      Array.from({ length: n }, () => ["registered", "unknown"] as const),
    );
    target.now = before(3_600_000);
    const app = apiOver(target);
    const answers = await Promise.all(
      Array.from({ length: n + 20 }, (_, at) =>
        // Twenty come twice.
        app("POST", "/v1/attendance/check-ins", { event: "1", user: String((at % n) + 1) }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.filter(({ body }) => body.changed === true).length).toBe(n);
    expect((await people(target, 1)).every(({ attendance }) => attendance === "late")).toBe(true);
    expect((await entries(target)).length).toBe(n);
  });

  test("marks, corrects, reports and closes, and says why not", { timeout: 120_000 }, async () => {
    await using database = await create();
    await using target = await attendanceTarget(name, "participants", open(database.url));
    await addEvent(target, 1, [
      ["registered", "unknown"],
      ["registered", null],
      ["cancelled", null],
    ]);
    const app = apiOver(target);
    target.now = before(7_200_000);
    expect(await app("POST", "/v1/attendance/check-ins", { participant: "100001", actor: "17" })).toMatchObject({
      status: 200,
      body: { changed: true, status: "present", event: "1" },
    });
    expect(await app("POST", "/v1/attendance/check-ins", { participant: "100003" })).toMatchObject({
      status: 409,
      body: { code: "CHECK_IN_REFUSED", details: { reason: "not_registered" } },
    });
    expect(await app("POST", "/v1/attendance/check-ins", { event: "1" })).toMatchObject({ status: 400 });
    expect(await app("POST", "/v1/attendance/events/1/close")).toMatchObject({
      status: 409,
      body: { code: "EVENT_NOT_OVER" },
    });
    target.now = closes;
    const closed = await app("POST", "/v1/attendance/events/1/close");
    expect(closed).toMatchObject({ status: 200, body: { completed: true, finalized: 1, summary: { flagged: 1 } } });
    const corrected = { participant: "100002", status: "late", reason: "came by the back door" };
    expect(await app("POST", "/v1/attendance/corrections", corrected)).toMatchObject({ body: { changed: true } });
    expect(await app("GET", "/v1/attendance/events/1")).toMatchObject({
      body: { expected: 2, attendanceRate: 1, noShowRate: 0, status: "completed" },
    });
    const first = await app("GET", "/v1/attendance/entries?event=1&limit=3");
    expect(first.body.entries).toMatchObject([
      { action: "correction", markedBy: "admin", reason: "came by the back door" },
      { action: "finalize_attended" },
      { action: "mark_absent", markedBy: "admin" },
    ]);
    expect(await app("GET", `/v1/attendance/entries?event=1&cursor=${first.body.next}`)).toMatchObject({
      body: { entries: [{ action: "check_in", markedBy: "17" }], next: null },
    });
  });
});

test("a program journaled as a whole does not journal the audit: a closing taken back later keeps its entries", {
  timeout: 60_000,
}, async () => {
  await using database = await createDatabase();
  await using target = await attendanceTarget("postgres", "participants", openPostgres(database.url));
  const { tables } = await runExec(target.context, {
    ...{ command: process.execPath, args: ["-e", ""], operator: "tests", auditTable, targetUrl: database.url },
    ...{ env: process.env, appendOnly: [house.vocabulary.audit.table, { schema: "", name: "not_there" }] },
  });
  expect(tables).toEqual(["event_participants", "events"]);
});

type Target = Awaited<ReturnType<typeof attendanceTarget>>;

function apiOver({ context }: Target) {
  const runtime = runtimeOver({
    ...{ context, config: { migrations: [], attendance: house }, home: "/", target: "default", env: {} },
    ...{ databaseUrl: "", protectedTarget: false, close: async () => {} },
  });
  const api = createApi(runtime, { adminToken: admin });
  return async (method: string, path: string, body?: unknown) => {
    const answer = await api.request(path, {
      method,
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
}
