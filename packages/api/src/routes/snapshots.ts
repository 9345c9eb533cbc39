import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
import { runSummary, runSummarySchema } from "../http/run-view.ts";
import {
  cleanText,
  count,
  digest,
  idempotencyHeader,
  instant,
  json,
  jsonRequest,
  madeId,
  problems,
} from "../http/schemas.ts";

const snapshotId = z
  .string()
  .regex(/^snap-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$/, "must be a snapshot id")
  .openapi({ example: "snap-20260115-143000-4f2a91" });

const summary = z
  .object({
    snapshotId,
    takenAt: instant.nullable(),
    reason: z.string().nullable(),
    location: z.string().nullable(),
    tables: count,
    rows: count,
    bytes: count,
    sha256: digest.nullable(),
    retainUntil: instant.nullable(),
    provenAt: instant.nullable().openapi({ description: "When it was last restored to scratch and found the same." }),
    problem: z.string().nullable().openapi({ description: "Code of why it cannot be read." }),
  })
  .openapi("SnapshotSummary");

const manifest = z
  .object({
    snapshotId,
    takenAt: instant,
    operator: z.string(),
    reason: z.string().nullable(),
    engine: z.string(),
    serverVersion: z.string(),
    codeVersion: z.string(),
    fingerprint: digest,
    tables: z.array(
      z.object({ schema: z.string(), name: z.string(), rows: count, bytes: count, sha256: digest, file: z.string() }),
    ),
    rows: count,
    bytes: count,
    sha256: digest,
    retainUntil: instant.nullable(),
    provenAt: instant.nullable(),
  })
  .openapi("SnapshotManifest");

const verification = z
  .object({
    snapshotId,
    ok: z.boolean(),
    sha256: digest.nullable(),
    files: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().nullable() })),
    restored: z.object({ engine: z.string(), tables: count, rows: count }).nullable(),
    problems: z.array(z.string()),
    durationMs: z.number(),
  })
  .openapi("SnapshotVerification");

const location = { location: { schema: { type: "string" as const }, description: "The run." } };

const params = z.object({ id: snapshotId });

export function addSnapshots(app: Api, parts: ApiParts): void {
  const { host } = parts;
  const { snapshots } = parts.runtime;
  const list = createRoute({
    method: "get",
    path: "/v1/snapshots",
    tags: ["Snapshots"],
    summary: "The finished snapshots of the vault, newest first",
    ...takes("viewer"),
    responses: { 200: json(z.object({ snapshots: z.array(summary) }), "The snapshots."), ...problems() },
  });
  app.openapi(list, async (c) => c.json({ snapshots: await snapshots.list() }, 200));

  const one = createRoute({
    method: "get",
    path: "/v1/snapshots/{id}",
    tags: ["Snapshots"],
    summary: "What a snapshot holds",
    ...takes("viewer"),
    request: { params },
    responses: { 200: json(manifest, "Its manifest."), ...problems(400, 404, 409) },
  });
  app.openapi(one, async (c) => {
    const { manifest, sha256, provenAt } = await snapshots.show(c.req.valid("param").id);
    const { operator, reason, engine, serverVersion, codeVersion, fingerprint, rows, bytes, retainUntil } = manifest;
    return c.json(
      {
        ...{ snapshotId: manifest.snapshotId, takenAt: manifest.takenAt, operator, reason, engine, serverVersion },
        ...{ codeVersion, fingerprint, rows, bytes, sha256, retainUntil, provenAt },
        tables: manifest.tables.map(({ schema, name, rows, bytes, sha256, file }) => ({
          ...{ schema, name, rows, bytes, sha256, file },
        })),
      },
      200,
    );
  });

  const create = createRoute({
    method: "post",
    path: "/v1/snapshots",
    tags: ["Snapshots"],
    summary: "Write one consistent moment of the whole target to the vault",
    description: "Answers once the run is recorded; follow it at `/v1/runs/{id}/events`, or ask `/v1/runs/{id}`.",
    ...takes("operator", idempotent(parts)),
    request: {
      headers: idempotencyHeader,
      body: jsonRequest(
        z
          .strictObject({
            reason: cleanText(200),
            retainDays: z
              .int()
              .min(0)
              .max(3650)
              .optional()
              .openapi({ description: "Days nobody can delete it; 7 unless said." }),
          })
          .openapi("CreateSnapshot"),
      ),
    },
    responses: {
      202: { ...json(runSummarySchema, "A run that takes it; its result is the snapshot."), headers: location },
      ...problems(400, 409, 413, 415),
    },
  });
  app.openapi(create, async (c) => {
    const { reason, retainDays } = c.req.valid("json");
    const run = await snapshots.start({
      operator: c.get("principal").name,
      reason,
      ...(retainDays === undefined ? {} : { retainDays }),
    });
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });

  const verify = createRoute({
    method: "post",
    path: "/v1/snapshots/{id}/verifications",
    tags: ["Snapshots"],
    summary: "Check every hash, restore into a scratch database, compare schema and rows",
    ...takes("operator"),
    request: { params },
    responses: {
      200: json(verification, "What was found; `ok` says whether it restores."),
      ...problems(400, 404, 409),
    },
  });
  app.openapi(verify, async (c) => {
    const result = await snapshots.verify(c.req.valid("param").id, c.get("principal").name);
    return c.json({ ...result, files: [...result.files], problems: [...result.problems] }, 200);
  });

  const restore = createRoute({
    method: "post",
    path: "/v1/snapshots/{id}/restore",
    tags: ["Snapshots"],
    summary: "Put a snapshot in the place of the whole target (level 2)",
    description:
      "Needs the approval of a second person over the snapshot's `sha256`. All or nothing: an interrupted restore changed nothing. Answers once the run is recorded.",
    ...takes("operator", idempotent(parts)),
    request: {
      params,
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ approval: madeId("apr") }).openapi("RestoreSnapshot")),
    },
    responses: {
      202: { ...json(runSummarySchema, "The restore is a run of its own, being executed."), headers: location },
      ...problems(400, 404, 409, 413, 415),
    },
  });
  app.openapi(restore, async (c) => {
    const run = await snapshots.startRestore({
      snapshotId: c.req.valid("param").id,
      operator: c.get("principal").name,
      approval: c.req.valid("json").approval,
    });
    await host.start({ runId: run.runId, attempt: 1 });
    c.header("location", `/v1/runs/${run.runId}`);
    return c.json(runSummary(run), 202);
  });
}
