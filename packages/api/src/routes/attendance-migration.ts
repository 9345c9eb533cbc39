import { createRoute, z } from "@hono/zod-openapi";
import type {
  AttendanceMigration,
  AttendanceRemoval,
  AttendanceVerification,
  AuditTriggers,
} from "@runback/operations";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { runSummary, runSummarySchema } from "../http/run-view.ts";
import { count, digest, idempotencyHeader, instant, json, jsonRequest, madeId, problems } from "../http/schemas.ts";

const difference = z.object({ object: z.string(), detail: z.string() });

const migration = z
  .object({
    dryRun: z.boolean(),
    present: z.array(z.string()),
    steps: z.array(z.object({ object: z.string(), sql: z.string(), locks: z.string() })),
    differences: z.array(difference).openapi({ description: "What is there in another form, and works." }),
    obstacles: z.array(difference).openapi({ description: "What must be out of the way first." }),
    atomic: z.boolean(),
    backfill: count.openapi({ description: "Participants without an attendance status." }),
    durationMs: z.number(),
  })
  .openapi("AttendanceMigration");

const verification = z
  .object({
    verifiedAt: instant,
    durationMs: z.number(),
    passed: z.boolean(),
    checks: z.array(
      z.object({
        id: z.string().openapi({ example: "audit-append-only" }),
        outcome: z.enum(["PASS", "WARN", "FAIL"]),
        message: z.string(),
        query: z.string().optional().openapi({ description: "The runbook's query that was run." }),
      }),
    ),
    summary: z.object({ total: count, passed: count, failed: count, warnings: count }),
  })
  .openapi("AttendanceVerification");

const triggers = z
  .object({
    table: z.string(),
    state: z.enum(["on", "off", "partly"]),
    triggers: z.array(z.object({ name: z.string(), refuses: z.string(), state: z.enum(["on", "missing", "other"]) })),
  })
  .openapi("AttendanceTriggers");

const removal = z
  .object({
    removes: z.array(z.string()),
    auditRows: count.openapi({ description: "Rows that are exported to the vault first." }),
    known: count.openapi({ description: "Participants whose attendance is forgotten." }),
    digest: digest.openapi({ description: "What an approval signs." }),
    atomic: z.boolean(),
  })
  .openapi("AttendanceRemovalPlan");

const location = { location: { schema: { type: "string" as const }, description: "The run." } };
const tags = ["Attendance"];

const migrationView = ({ dryRun, present, steps, differences, obstacles, atomic, ...rest }: AttendanceMigration) => ({
  ...{ dryRun, present: [...present], steps: [...steps], differences: [...differences], obstacles: [...obstacles] },
  ...{ atomic, backfill: rest.backfill, durationMs: rest.durationMs },
});

const verificationView = ({ verifiedAt, durationMs, passed, checks, summary }: AttendanceVerification) => ({
  ...{ verifiedAt, durationMs, passed, summary },
  checks: checks.map(({ id, outcome, message, query }) => ({
    ...{ id, outcome, message },
    ...(query === undefined ? {} : { query }),
  })),
});

const triggersView = ({ table, state, triggers: list }: AuditTriggers) => ({ table, state, triggers: [...list] });

const removalView = ({ removes, auditRows, known, digest: signed, atomic }: AttendanceRemoval) => ({
  ...{ removes: [...removes], auditRows, known, digest: signed, atomic },
});

export function addAttendanceMigration(app: Api, parts: ApiParts): void {
  const { host } = parts;
  const { attendance } = parts.runtime;

  const migrate = createRoute({
    ...{ method: "post", path: "/v1/attendance/migrations", tags },
    summary: "Add what is missing of the attendance tables, or see what is",
    description: "A dry run, and a target that has everything, are answered at once; otherwise a run is recorded.",
    ...takes("admin", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ dryRun: z.boolean() }).openapi("MigrateAttendance")),
    },
    responses: {
      200: json(migration, "What is there and what is missing; nothing was changed."),
      202: { ...json(runSummarySchema, "A run that does it."), headers: location },
      ...problems(400, 409, 413, 415),
    },
  });
  app.openapi(migrate, async (c) => {
    const run = c.req.valid("json").dryRun
      ? null
      : await attendance.startMigration({ operator: c.get("principal").name });
    if (run === null) return c.json(migrationView(await attendance.planMigration()), 200);
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });

  const verify = createRoute({
    ...{ method: "get", path: "/v1/attendance/verification", tags },
    summary: "Validate the attendance migration now",
    description: "What is tried on a row is rolled back. A failure is `passed: false`, and raises no alert here.",
    ...takes("operator"),
    responses: { 200: json(verification, "Every check with its outcome."), ...problems(409) },
  });
  app.openapi(verify, async (c) => c.json(verificationView(await attendance.verifyMigration({ alert: false })), 200));

  const shown = createRoute({
    ...{ method: "get", path: "/v1/attendance/triggers", tags },
    summary: "Whether the database refuses changes of the attendance audit",
    ...takes("viewer"),
    responses: { 200: json(triggers, "Its triggers."), ...problems(409) },
  });
  app.openapi(shown, async (c) => c.json(triggersView(await attendance.triggers()), 200));

  const set = createRoute({
    ...{ method: "put", path: "/v1/attendance/triggers", tags },
    summary: "Have the database refuse changes of the attendance audit, or stop it from that",
    ...takes("admin"),
    request: { body: jsonRequest(z.strictObject({ on: z.boolean() }).openapi("SetAttendanceTriggers")) },
    responses: { 200: json(triggers, "Its triggers now."), ...problems(400, 409, 413, 415) },
  });
  app.openapi(set, async (c) => {
    const { on } = c.req.valid("json");
    return c.json(triggersView(await attendance.setTriggers({ on, operator: c.get("principal").name })), 200);
  });

  const plan = createRoute({
    ...{ method: "get", path: "/v1/attendance/removal", tags },
    summary: "What taking the attendance migration back would remove, and the digest that an approval signs",
    ...takes("viewer"),
    responses: { 200: json(removal, "The plan; nothing was changed."), ...problems(409) },
  });
  app.openapi(plan, async (c) => c.json(removalView(await attendance.planRemoval()), 200));

  const remove = createRoute({
    ...{ method: "post", path: "/v1/attendance/removals", tags },
    summary: "Export the attendance audit to the vault, then remove what the migration made",
    description: "Needs the approval of a second person over the plan's digest. Answers once the run is recorded.",
    ...takes("admin", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ approval: madeId("apr") }).openapi("RemoveAttendance")),
    },
    responses: {
      200: json(removal, "There is nothing to remove."),
      202: { ...json(runSummarySchema, "A run that does it."), headers: location },
      ...problems(400, 409, 413, 415),
    },
  });
  app.openapi(remove, async (c) => {
    const { approval } = c.req.valid("json");
    const run = await attendance.startRemoval({ operator: c.get("principal").name, approval });
    if (run === null) return c.json(removalView(await attendance.planRemoval()), 200);
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });
}
