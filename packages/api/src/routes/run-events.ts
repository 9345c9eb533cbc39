import { setTimeout as sleep } from "node:timers/promises";
import { createRoute, z } from "@hono/zod-openapi";
import { type Run, RunbackError } from "@runback/core";
import type { Runtime } from "@runback/runtime";
import type { Api, ApiParts } from "../api-env.ts";
import type { ApiLimits } from "../api-options.ts";
import { takes } from "../auth/bearer.ts";
import { eventStream, eventText, heartbeat } from "../http/event-stream.ts";
import { runSummary, stepView } from "../http/run-view.ts";
import { problems, runId } from "../http/schemas.ts";

const route = createRoute({
  method: "get",
  path: "/v1/runs/{id}/events",
  tags: ["Runs"],
  summary: "Progress of a run as server-sent events",
  description:
    "`state` with the run when it changes; `progress` with each committed step (`id` is its number: reconnect with `Last-Event-ID`); `end` with the run when it has ended, after which the stream closes. Comments in between keep the connection.",
  ...takes("viewer"),
  request: {
    params: z.object({ id: runId }),
    headers: z.object({
      "last-event-id": z
        .string()
        .regex(/^\d{1,9}$/, "must be the id of an event")
        .optional()
        .openapi({ description: "Number of the last step already seen." }),
    }),
  },
  responses: {
    200: { description: "The stream.", content: { "text/event-stream": { schema: z.string() } } },
    ...problems(400, 404),
  },
});

export function addRunEvents(app: Api, { runtime, limits }: ApiParts): void {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid("param");
    // A run that is not there is a 404, not a stream that says so.
    await runtime.run(id);
    const seen = Number(c.req.valid("header")["last-event-id"] ?? 0);
    return eventStream((signal) => untilFailure(runtime, id, runEvents(runtime, limits, id, seen, signal)));
  });
}

/** When the target stops answering the stream ends, and its client connects again: there is no status left to change. */
async function* untilFailure(runtime: Runtime, id: string, texts: AsyncGenerator<string>): AsyncGenerator<string> {
  try {
    yield* texts;
  } catch (error) {
    const code = error instanceof RunbackError ? error.code : "UNEXPECTED";
    runtime.context.logger.log("error", "api.events", { run_id: id, code });
  }
}

async function* runEvents(
  runtime: Runtime,
  limits: ApiLimits,
  id: string,
  lastStep: number,
  gone: AbortSignal,
): AsyncGenerator<string> {
  const { signal: stopping, clock } = runtime.context;
  const until = clock.now().getTime() + limits.streamMs;
  let spoke = clock.now().getTime();
  let state: Run["state"] | undefined;
  while (!gone.aborted && !stopping?.aborted && clock.now().getTime() < until) {
    const run = await runtime.run(id);
    const texts = run.stepList
      .filter(({ seq }) => seq > lastStep)
      .map((step) => eventText({ event: "progress", id: String(step.seq), data: { ...stepView(step), runId: id } }));
    if (run.state !== state) texts.push(eventText({ event: "state", data: runSummary(run) }));
    const ended = run.state === "completed" || run.state === "failed" || run.state === "aborted";
    if (ended) texts.push(eventText({ event: "end", data: runSummary(run) }));
    lastStep = Math.max(lastStep, run.stepList.at(-1)?.seq ?? 0);
    state = run.state;
    const now = clock.now().getTime();
    if (texts.length === 0 && now - spoke >= limits.heartbeatMs) texts.push(heartbeat);
    if (texts.length > 0) spoke = now;
    yield* texts;
    if (ended) return;
    await sleep(limits.eventPollMs, undefined, { signal: gone, ref: false }).catch(() => {});
  }
}
