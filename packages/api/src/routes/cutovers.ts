import { createRoute, z } from "@hono/zod-openapi";
import type { AdvanceResult, CutoverShown, GateResult, RetreatResult } from "@runback/operations";
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
} from "../http/schemas.ts";
import { metricsSchema, metricsView } from "./cutover-metrics.ts";

const phase = z.int().min(0).max(5);
const state = z.enum(["planned", "entered", "dropped"]);
const position = z.object({ phase, state }).openapi("CutoverPosition");

const condition = z
  .object({
    id: z.string().openapi({ example: "mismatched" }),
    holds: z.boolean(),
    measured: z.union([z.number(), z.string()]).nullable().openapi({ description: "Null: it could not be measured." }),
    needed: z.string(),
    why: z.string().nullable().openapi({ description: "Why it does not hold, or could not be measured." }),
  })
  .openapi("GateCondition");

const gateSchema = z
  .object({
    cutover: z.string(),
    from: position,
    to: position,
    open: z.boolean(),
    measuredAt: instant,
    conditions: z.array(condition),
    counts: z
      .object({
        ...{ total: count, nullRows: count, invalid: count },
        ...{ unset: count.optional(), mismatched: count.optional(), quarantined: count.optional() },
        unsetByCode: z.record(z.string(), count).optional(),
      })
      .nullable(),
    approvalDigest: digest.nullable().openapi({ description: "What a second person signs before a drop." }),
  })
  .openapi("CutoverGate");

const evidence = z.object({
  kind: z.enum(["gate", "monitor", "guard", "advance", "retreat", "compare"]),
  phase,
  outcome: z.string(),
  at: instant,
  operator: z.string().nullable(),
});

const shownSchema = z
  .object({
    ...{ cutover: z.string(), table: z.string(), legacy: z.string(), column: z.string() },
    ...{ phase, phaseName: z.string(), state, since: instant.nullable() },
    stage: z.enum(["off", "dualwrite", "shadow", "live", "rampdown", "complete"]),
    flags: z.record(z.string(), z.boolean()),
    moving: z.string().nullable().openapi({ description: "A move that was begun and is not finished." }),
    definitionChanged: z.boolean(),
    guardCommit: z.string().nullable(),
    next: z.object({ phase, state, needs: z.array(z.string()) }).nullable(),
    gate: z
      .object({ open: z.boolean(), at: instant, conditions: z.array(condition) })
      .nullable()
      .openapi({ description: "As it was last measured in this phase." }),
    monitor: z.object({ outcome: z.string(), at: instant }).nullable(),
    metrics: metricsSchema.nullable().openapi({ description: "Null: no application reported in the last 24 hours." }),
    history: z.array(evidence).openapi({ description: "Newest first." }),
  })
  .openapi("Cutover");

const moved = { cutover: z.string(), moved: z.boolean(), from: position, to: position, since: instant.nullable() };
const advancedSchema = z.object({ ...moved, gate: gateSchema.nullable() }).openapi("CutoverAdvanced");
const retreatedSchema = z
  .object({
    ...moved,
    sync: z
      .object({ runId: z.string(), rows: count })
      .nullable()
      .openapi({ description: "The run that brought the legacy column up to date." }),
    notes: z.array(z.string()),
  })
  .openapi("CutoverRetreated");

const gateBody = {
  guardReport: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({ description: "What `runback guard --record` wrote; put on record first." }),
  revision: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/, "must be a commit")
    .optional()
    .openapi({ description: "Commit that the guard must have passed on." }),
};

const params = z.object({ name: cleanText(80) });

/** What is given, without keys that are not. */
const given = <T extends object>(body: T) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

export function addCutovers(app: Api, parts: ApiParts): void {
  const { cutovers } = parts.runtime;
  const about = { tags: ["Cutovers"] };
  const list = createRoute({
    ...{ method: "get", path: "/v1/cutovers", summary: "The configured column cutovers and where they are" },
    ...about,
    ...takes("viewer"),
    responses: { 200: json(z.object({ cutovers: z.array(shownSchema) }), "The cutovers."), ...problems() },
  });
  app.openapi(list, async (c) => c.json({ cutovers: (await cutovers.list()).map(shownView) }, 200));

  const one = createRoute({
    ...{ method: "get", path: "/v1/cutovers/{name}", summary: "Where a cutover is, and what its next phase needs" },
    ...about,
    ...takes("viewer"),
    request: { params },
    responses: { 200: json(shownSchema, "The cutover."), ...problems(400, 404) },
  });
  app.openapi(one, async (c) => c.json(shownView(await cutovers.show(c.req.valid("param").name)), 200));

  const gate = createRoute({
    ...{ method: "post", path: "/v1/cutovers/{name}/gate", summary: "Measure every condition of the next phase now" },
    ...about,
    description: "What was measured is put on record. A condition that cannot be measured does not hold, and says why.",
    ...takes("operator", idempotent(parts)),
    request: {
      ...{ headers: idempotencyHeader, params },
      body: jsonRequest(z.strictObject(gateBody).openapi("MeasureGate")),
    },
    responses: { 200: json(gateSchema, "Open or closed."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(gate, async (c) => {
    const options = { ...given(c.req.valid("json")), operator: c.get("principal").name };
    return c.json(gateView(await cutovers.gate(c.req.valid("param").name, options)), 200);
  });

  const advance = createRoute({
    ...{ method: "post", path: "/v1/cutovers/{name}/advance", summary: "Enter the next phase, if its gate is open" },
    ...about,
    description: "Dropping the legacy column, the end of phase 5, takes the approval of a second person.",
    ...takes("operator", idempotent(parts)),
    request: {
      ...{ headers: idempotencyHeader, params },
      body: jsonRequest(
        z
          .strictObject({
            ...gateBody,
            to: z.enum(["0", "1", "2", "3", "4", "5", "dropped"]).optional(),
            approval: madeId("apr").optional(),
          })
          .openapi("AdvanceCutover"),
      ),
    },
    responses: { 200: json(advancedSchema, "Where it is now."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(advance, async (c) => {
    const options = { ...given(c.req.valid("json")), operator: c.get("principal").name };
    return c.json(advancedView(await cutovers.advance(c.req.valid("param").name, options)), 200);
  });

  const retreat = createRoute({
    ...{ method: "post", path: "/v1/cutovers/{name}/retreat", summary: "Take the phase back" },
    ...about,
    description: "Flags, schema, and from phase 4 the legacy column, which nothing wrote there. It asks no gate.",
    ...takes("operator", idempotent(parts)),
    request: {
      ...{ headers: idempotencyHeader, params },
      body: jsonRequest(
        z.strictObject({ to: z.enum(["planned", "0", "1", "2", "3", "4"]).optional() }).openapi("RetreatCutover"),
      ),
    },
    responses: { 200: json(retreatedSchema, "Where it is now."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(retreat, async (c) => {
    const options = { ...given(c.req.valid("json")), operator: c.get("principal").name };
    return c.json(retreatedView(await cutovers.retreat(c.req.valid("param").name, options)), 200);
  });

  const compare = createRoute({
    ...{ method: "put", path: "/v1/cutovers/{name}/comparing", summary: "Whether applications compare both columns" },
    ...about,
    description: "In phases 2 and 3 the stage is `shadow` and `live` with it, `dualwrite` and `rampdown` without.",
    ...takes("operator"),
    request: { params, body: jsonRequest(z.strictObject({ comparing: z.boolean() }).openapi("CompareColumns")) },
    responses: { 200: json(shownSchema, "The cutover."), ...problems(400, 404, 409, 413, 415) },
  });
  app.openapi(compare, async (c) => {
    const options = { ...c.req.valid("json"), operator: c.get("principal").name };
    return c.json(shownView(await cutovers.compare(c.req.valid("param").name, options)), 200);
  });
}

const shownView = ({ next, gate, monitor, metrics, history, flags, ...shown }: CutoverShown) => ({
  ...shown,
  flags: { ...flags },
  next: next === null ? null : { ...next, needs: [...next.needs] },
  gate: gate === null ? null : { ...gate, conditions: [...gate.conditions] },
  monitor: monitor === null ? null : { outcome: monitor.outcome, at: monitor.at },
  metrics: metrics === null ? null : metricsView(metrics),
  history: [...history],
});

const gateView = ({ conditions, counts, ...gate }: GateResult) => ({
  ...gate,
  conditions: [...conditions],
  counts: counts === null ? null : { ...counts },
});

const advancedView = ({ gate, ...result }: AdvanceResult) => ({
  ...result,
  gate: gate === null ? null : gateView(gate),
});

const retreatedView = ({ notes, sync, ...result }: RetreatResult) => ({
  ...result,
  sync: sync === null ? null : { ...sync },
  notes: [...notes],
});
