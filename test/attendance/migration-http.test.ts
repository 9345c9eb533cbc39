import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, type Site } from "../api/support/site.ts";
import { createInstallation } from "./installation.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
  await createInstallation(site.runtime.context.engine, 8);
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** Follows a run until it has ended, by its events. */
async function ended(runId: unknown): Promise<Record<string, unknown>> {
  await site.send("viewer", "GET", `/v1/runs/${runId}/events`, undefined, { accept: "text/event-stream" });
  return (await site.send("viewer", "GET", `/v1/runs/${runId}`)).body;
}

test("attendance is migrated, validated, protected and taken back over HTTP", async () => {
  const planned = await site.send("admin", "POST", "/v1/attendance/migrations", { dryRun: true });
  expect([planned.status, planned.body]).toMatchObject([200, { backfill: 8, obstacles: [], dryRun: true }]);
  expect((await site.send("operator", "GET", "/v1/attendance/verification")).body).toMatchObject({ passed: false });
  const started = await site.send("admin", "POST", "/v1/attendance/migrations", { dryRun: false });
  expect(started.status).toBe(202);
  expect(await ended(started.body.runId)).toMatchObject({ kind: "attendance", state: "completed", rows: 8 });
  const again = await site.send("admin", "POST", "/v1/attendance/migrations", { dryRun: false });
  expect([again.status, again.body]).toMatchObject([200, { steps: [], backfill: 0 }]);

  const on = await site.send("admin", "PUT", "/v1/attendance/triggers", { on: true });
  expect([on.status, on.body]).toMatchObject([200, { state: "on" }]);
  expect((await site.send("operator", "GET", "/v1/attendance/verification")).body).toMatchObject({
    passed: true,
    summary: { failed: 0, warnings: 0 },
  });

  const plan = (await site.send("viewer", "GET", "/v1/attendance/removal")).body;
  const approval = await site.send("approver", "POST", "/v1/approvals", {
    digest: plan.digest,
    action: "attendance rollback",
    requestedBy: "admin",
  });
  expect(approval.status).toBe(201);
  const removal = await site.send("admin", "POST", "/v1/attendance/removals", { approval: approval.body.id });
  expect(removal.status).toBe(202);
  expect(await ended(removal.body.runId)).toMatchObject({ state: "completed" });
  expect((await site.send("viewer", "GET", "/v1/attendance/removal")).body).toMatchObject({ removes: [] });
  expect((await site.send("viewer", "GET", "/v1/attendance/triggers")).body).toMatchObject({
    code: "ATTENDANCE_AUDIT_MISSING",
  });
});
