import { createRoute, z } from "@hono/zod-openapi";
import { verifyBundle } from "@runback/vault";
import type { Api, ApiParts } from "../api-env.ts";
import { allow, takes } from "../auth/bearer.ts";
import { count, json, problems, runId } from "../http/schemas.ts";

const one = createRoute({
  method: "get",
  path: "/v1/bundles/{runId}",
  tags: ["Bundles"],
  summary: "The files of a run's bundle, each checked against SHA256SUMS now",
  ...takes("viewer"),
  request: { params: z.object({ runId }) },
  responses: {
    200: json(
      z
        .object({
          runId,
          ok: z.boolean().openapi({ description: "All hashes hold, nothing is missing, nothing was planted." }),
          sha256: z.string().nullable().openapi({ description: "The bundle's own: that of SHA256SUMS." }),
          files: z.array(z.object({ name: z.string(), bytes: count, ok: z.boolean(), reason: z.string().nullable() })),
          missing: z.array(z.string()),
          extra: z.array(z.string()),
        })
        .openapi("Bundle"),
      "The bundle.",
    ),
    ...problems(400, 404),
  },
});

const file = createRoute({
  method: "get",
  path: "/v1/bundles/{runId}/{file}",
  tags: ["Bundles"],
  summary: "Download one file of a bundle",
  ...takes("viewer"),
  request: {
    params: z.object({ runId, file: z.string().openapi({ example: "row-digests/Member.json" }) }),
  },
  responses: {
    200: { description: "Its bytes.", content: { "application/octet-stream": { schema: z.string() } } },
    ...problems(400, 404),
  },
});

export function addBundles(app: Api, { runtime }: ApiParts): void {
  app.openapi(one, async (c) => {
    const { runId } = c.req.valid("param");
    const source = await runtime.bundle(runId);
    const bytes = new Map<string, number>();
    for await (const each of source.list()) bytes.set(each.name, each.bytes);
    const { ok, sha256, files, missing, extra } = await verifyBundle(source);
    const listed = files.map(({ name, ok, reason }) => ({
      ...{ name, ok },
      bytes: bytes.get(name) ?? 0,
      reason: reason ?? null,
    }));
    return c.json({ runId, ok, sha256, files: listed, missing: [...missing], extra: [...extra] }, 200);
  });

  // The document has one path parameter; the address may hold slashes in it, as the names do.
  const { middleware: _middleware, ...documented } = file;
  app.openAPIRegistry.registerPath(documented);
  app.get("/v1/bundles/:runId/:file{.+}", allow("viewer"), async (c) => {
    const name = c.req.param("file");
    const source = await runtime.bundle(c.req.param("runId"));
    const parts = source.stream(name)[Symbol.asyncIterator]();
    // The first part tells whether the file is there, before any status is sent.
    const first = await parts.next();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (first.done) controller.close();
        else controller.enqueue(first.value);
      },
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await parts.return?.();
      },
    });
    return c.body(body, 200, {
      "content-type": name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8",
      "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name.split("/").at(-1)!)}`,
      "cache-control": "private, no-cache",
    });
  });
}
