import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiParts } from "../api-env.ts";
import { takes } from "../auth/bearer.ts";
import { idempotent } from "../http/idempotency.ts";
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
  runId,
} from "../http/schemas.ts";

const snapshotId = z
  .string()
  .regex(/^snap-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$/, "must be a snapshot id")
  .openapi({ example: "snap-20260115-143000-4f2a91" });

const tables = z.record(z.string(), z.object({ rows: count, sha256: digest }));

const created = z
  .object({
    snapshotId,
    tables,
    bytes: count,
    sha256: digest.openapi({ description: "Of SHA256SUMS: what an approval of its restore signs." }),
    durationMs: z.number(),
    rows: count,
    fingerprint: digest,
    retainUntil: instant.nullable(),
  })
  .openapi("Snapshot");

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

const restored = created
  .omit({ retainUntil: true })
  .extend({
    runId: runId.nullable(),
    safetySnapshotId: snapshotId.nullable(),
    verified: z.boolean(),
    kept: z.array(z.string()),
    remains: z
      .array(z.object({ name: z.string(), why: z.enum(["in use", "changed"]) }))
      .openapi({ description: "What was replaced and is not dropped yet." }),
  })
  .openapi("Restore");

const params = z.object({ id: snapshotId });

export function addSnapshots(app: Api, parts: ApiParts): void {
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
    responses: { 201: json(created, "The snapshot."), ...problems(400, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { reason, retainDays } = c.req.valid("json");
    const made = await snapshots.create({
      operator: c.get("principal").name,
      reason,
      ...(retainDays === undefined ? {} : { retainDays }),
    });
    c.header("location", `/v1/snapshots/${made.snapshotId}`);
    return c.json({ ...made }, 201);
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
      "Needs the approval of a second person over the snapshot's `sha256`. All or nothing: an interrupted restore changed nothing.",
    ...takes("operator", idempotent(parts)),
    request: {
      params,
      headers: idempotencyHeader,
      body: jsonRequest(z.strictObject({ approval: madeId("apr") }).openapi("RestoreSnapshot")),
    },
    responses: { 200: json(restored, "The target is as the snapshot was."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(restore, async (c) => {
    const result = await snapshots.restore({
      snapshotId: c.req.valid("param").id,
      operator: c.get("principal").name,
      approval: c.req.valid("json").approval,
    });
    return c.json({ ...result, kept: [...result.kept], remains: [...result.remains] }, 200);
  });
}
