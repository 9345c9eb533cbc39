import { createRoute, z } from "@hono/zod-openapi";
import { RunbackError } from "@runback/core";
import type { ClosingResult, SubjectRef } from "@runback/operations";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import {
  cleanText,
  count,
  idempotencyHeader,
  instant,
  json,
  jsonRequest,
  pageQuery,
  problems,
} from "../http/schemas.ts";

const key = cleanText(200);
const subject = {
  participant: key.optional().openapi({ description: "The participant's own key. Or `event` and `user`." }),
  event: key.optional(),
  user: key.optional(),
};
const actor = cleanText(100)
  .optional()
  .openapi({ description: "Who marks, where that is a user of the application; default: the token's name." });

const marked = z
  .object({
    participant: z.string(),
    event: z.string(),
    changed: z.boolean().openapi({ description: "False: they were so already, and nothing was written." }),
    previous: z.string().nullable(),
    status: z.string().openapi({ example: "present" }),
  })
  .openapi("Marked");

const closing = z
  .object({
    event: z.string(),
    runId: z
      .string()
      .nullable()
      .openapi({ description: "What a rollback takes back; null when nothing was to be done." }),
    completed: z.boolean(),
    finalized: count,
    summary: z.object({
      scanned: count,
      flagged: count,
      skipped: z.object({ dedupe: count, already_absent: count, other: count }),
      batches: z.array(z.object({ batch: count, flagged: count, durationMs: z.number() })),
      durationMs: z.number(),
    }),
  })
  .openapi("Closing");

const report = z
  .object({
    event: z.string(),
    status: z.string(),
    expected: count,
    counts: z.record(z.string(), count),
    attendanceRate: z.number().nullable(),
    noShowRate: z.number().nullable(),
  })
  .openapi("AttendanceReport");

const entry = z
  .object({
    ...{ id: z.string(), at: instant, event: z.string(), participant: z.string(), user: z.string().nullable() },
    ...{ markedBy: z.string().nullable(), action: z.string().nullable(), previous: z.string().nullable() },
    ...{ status: z.string(), reason: z.string().nullable() },
  })
  .openapi("AttendanceEntry");

const eventParam = z.object({ event: key });

const view = ({ summary, ...result }: ClosingResult) => ({
  ...result,
  summary: { ...summary, batches: summary.batches.map((batch) => ({ ...batch })) },
});

/** Staff of an event are operators here, and mark and correct; who may close an event by hand is an admin. */
export function addAttendance(app: Api, parts: ApiParts): void {
  const { attendance } = parts.runtime;

  const checkIn = createRoute({
    method: "post",
    path: "/v1/attendance/check-ins",
    tags: ["Attendance"],
    summary: "Check somebody in, by the server's clock",
    ...takes("operator", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ ...subject, actor }).openapi("CheckIn")),
    },
    responses: { 200: json(marked, "They are in."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(checkIn, async (c) => {
    const { actor = c.get("principal").name, ...who } = c.req.valid("json");
    return c.json(await attendance.checkIn({ subject: subjectOf(who), actor }), 200);
  });

  const correct = createRoute({
    method: "post",
    path: "/v1/attendance/corrections",
    tags: ["Attendance"],
    summary: "Put right what was marked, for a reason",
    ...takes("operator", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(
        z
          .strictObject({
            ...subject,
            actor,
            status: cleanText(40),
            reason: cleanText(500),
            override: z
              .boolean()
              .optional()
              .openapi({ description: "Attendee statuses: a manager answers for a change while the event is on." }),
          })
          .openapi("Correction"),
      ),
    },
    responses: { 200: json(marked, "It is so now."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(correct, async (c) => {
    const { actor = c.get("principal").name, status, reason, override = false, ...who } = c.req.valid("json");
    return c.json(await attendance.correct({ subject: subjectOf(who), actor, to: status, reason, override }), 200);
  });

  const close = createRoute({
    method: "post",
    path: "/v1/attendance/events/{event}/close",
    tags: ["Attendance"],
    summary: "Close an event that is over",
    description: "What the schedule does every minute. A rollback of its run takes it back.",
    ...takes("admin", idempotent(parts)),
    request: { headers: idempotencyHeader, params: eventParam },
    responses: { 200: json(closing, "It is closed."), ...problems(400, 404, 409) },
  });
  app.openapi(close, async (c) =>
    c.json(view(await attendance.close({ event: c.req.valid("param").event, operator: c.get("principal").name })), 200),
  );

  const show = createRoute({
    method: "get",
    path: "/v1/attendance/events/{event}",
    tags: ["Attendance"],
    summary: "Who came, in numbers",
    ...takes("viewer"),
    request: { params: eventParam },
    responses: { 200: json(report, "The report."), ...problems(400, 404, 409) },
  });
  app.openapi(show, async (c) => {
    const found = await attendance.report(c.req.valid("param").event);
    return c.json({ ...found, counts: { ...found.counts } }, 200);
  });

  const list = createRoute({
    method: "get",
    path: "/v1/attendance/entries",
    tags: ["Attendance"],
    summary: "What changed attendance, newest first",
    ...takes("viewer"),
    request: { query: pageQuery(cleanText(400)).extend({ event: key.optional(), participant: key.optional() }) },
    responses: {
      200: json(
        z.object({ entries: z.array(entry), next: z.string().nullable() }).openapi("AttendanceEntryPage"),
        "The page.",
      ),
      ...problems(400, 409),
    },
  });
  app.openapi(list, async (c) => {
    const { limit, cursor, event, participant } = c.req.valid("query");
    const page = await attendance.entries({
      limit,
      ...(cursor === undefined ? {} : { cursor }),
      ...(event === undefined ? {} : { event }),
      ...(participant === undefined ? {} : { participant }),
    });
    return c.json(page, 200);
  });
}

function subjectOf({
  participant,
  event,
  user,
}: { [name in "participant" | "event" | "user"]?: string | undefined }): SubjectRef {
  if (participant !== undefined && event === undefined && user === undefined) return { participant };
  if (participant === undefined && event !== undefined && user !== undefined) return { event, user };
  throw new RunbackError("REQUEST_INVALID", "The request is not valid: it has to name one participant.", {
    recovery: "Nothing was written. Give `participant`, or `event` and `user`.",
    status: 400,
  });
}
