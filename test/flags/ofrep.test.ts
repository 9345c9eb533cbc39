import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { OpenAPIHono } from "@hono/zod-openapi";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { attendeeStatus, ticketState } from "@runback/attendance";
import type { CutoverState, CutoverStates, Phase } from "@runback/core";
import { FlagClient, type Metric } from "@runback/flags";
import { createMiddleware } from "hono/factory";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ApiEnv } from "../../packages/api/src/api-env.ts";
import { addOfrepOver } from "../../packages/api/src/routes/ofrep.ts";

/** Phases in memory; `down` is a store that does not answer. */
const store = { phase: 1 as Phase, comparing: true, down: false };
const states: CutoverStates = {
  async states(): Promise<readonly CutoverState[]> {
    if (store.down) throw new Error("no store");
    return [
      { cutover: attendeeStatus, phase: store.phase, comparing: store.comparing },
      { cutover: ticketState, phase: 0 },
    ];
  },
};
const app = new OpenAPIHono<ApiEnv>();
app.use(
  createMiddleware<ApiEnv>(async (c, next) => {
    c.set("principal", { id: "tests", name: "tests", role: "viewer" });
    await next();
  }),
);
addOfrepOver(app, states);
let server: ReturnType<typeof serve>;
let url: string;

beforeAll(async () => {
  url = await new Promise((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info: AddressInfo) =>
      resolve(`http://127.0.0.1:${info.port}`),
    );
  });
});

afterAll(async () => {
  await OpenFeature.close();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => Object.assign(store, { phase: 1, comparing: true, down: false }));

const post = (path: string, body = '{"context":{"targetingKey":"a"}}', headers: Record<string, string> = {}) =>
  app.request(`/ofrep/v1/evaluate/flags${path}`, { method: "POST", body, headers });

const expected = {
  0: [false, false, "off"],
  1: [true, false, "dualwrite"],
  2: [true, false, "shadow"],
  3: [true, true, "live"],
  4: [false, true, "complete"],
  5: [false, true, "complete"],
} as const;

test("OpenFeature's SDK reads both flags and the stage of every phase", async () => {
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: url }));
  const client = OpenFeature.getClient();
  for (const phase of [0, 1, 2, 3, 4, 5] as const) {
    store.phase = phase;
    expect([
      await client.getBooleanValue("status_v2_dual_write", phase === 0),
      await client.getBooleanValue("status_v2_read_pivot", phase < 3),
      await client.getStringValue("attendee-status", "none"),
    ]).toEqual(expected[phase]);
  }
  const details = await client.getStringDetails("attendee-status", "none");
  expect(details).toMatchObject({
    value: "complete",
    variant: "complete",
    reason: "STATIC",
    flagMetadata: { phase: 5 },
  });
});

test("OpenFeature's SDK answers its default for a flag that is not there, and says why", async () => {
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: url }));
  const details = await OpenFeature.getClient().getBooleanDetails("no_such_flag", true);
  expect(details).toMatchObject({ value: true, errorCode: "FLAG_NOT_FOUND" });
  const wrongType = await OpenFeature.getClient().getBooleanDetails("attendee-status", true);
  expect(wrongType).toMatchObject({ value: true, errorCode: "TYPE_MISMATCH" });
});

test("all six stage names can be had", async () => {
  const seen = new Set<unknown>();
  for (const phase of [0, 1, 2, 3, 4] as const)
    for (const comparing of [true, false]) {
      Object.assign(store, { phase, comparing });
      seen.add(((await (await post("/attendee-status")).json()) as { value: unknown }).value);
    }
  expect([...seen].sort()).toEqual(["complete", "dualwrite", "live", "off", "rampdown", "shadow"]);
});

test("the bulk answer has an entity tag, and 304 for who has it; a new phase has another", async () => {
  const first = await post("");
  expect(first.status).toBe(200);
  expect(((await first.json()) as { flags: { key: string }[] }).flags.map(({ key }) => key)).toEqual([
    "status_v2_dual_write",
    "status_v2_read_pivot",
    "attendee-status",
    "state_code_dual_write",
    "state_code_read_pivot",
    "ticket-state",
  ]);
  const etag = first.headers.get("etag")!;
  const again = await post("", "", { "if-none-match": `"other", W/${etag}` });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
  store.phase = 2;
  const changed = await post("", "", { "if-none-match": etag });
  expect(changed.status).toBe(200);
  expect(changed.headers.get("etag")).not.toBe(etag);
});

test("requests that are not understood are refused in the protocol's words", async () => {
  expect(await (await post("/attendee-status", "{")).json()).toMatchObject({
    key: "attendee-status",
    errorCode: "PARSE_ERROR",
  });
  expect((await post("", "[]")).status).toBe(400);
  expect(await (await post("", '{"context":"a"}')).json()).toMatchObject({ errorCode: "INVALID_CONTEXT" });
});

test("phases that cannot be read are an error, never a guess", async () => {
  store.down = true;
  for (const path of ["", "/attendee-status"]) {
    const response = await post(path);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("no store");
  }
});

test("the client follows phases, and sends the entity tag back", async () => {
  const metrics: Metric[] = [];
  const client = new FlagClient({ url, onMetric: (metric) => metrics.push(metric) });
  expect(await client.refresh()).toBe(true);
  expect([client.stage("attendee-status"), client.enabled("status_v2_dual_write", false)]).toEqual(["dualwrite", true]);
  expect(await client.refresh()).toBe(true);
  store.phase = 3;
  expect(await client.refresh()).toBe(true);
  expect([client.stage("attendee-status"), client.enabled("status_v2_read_pivot", false)]).toEqual(["live", true]);
  expect(metrics.map((each) => each.kind === "refresh" && each.outcome)).toEqual(["new", "unchanged", "new"]);
});

test("a client goes on with the last known values, and before there are any with the fallback", async () => {
  const metrics: Metric[] = [];
  const never = new FlagClient({ url: "http://127.0.0.1:1", onMetric: (metric) => metrics.push(metric) });
  expect(await never.refresh()).toBe(false);
  expect([never.stage("attendee-status"), never.enabled("status_v2_dual_write", true)]).toEqual(["dualwrite", true]);
  expect(metrics).toMatchObject([{ kind: "refresh", outcome: "kept" }]);
  expect(new FlagClient({ url, fallback: "complete" }).stage("attendee-status")).toBe("complete");

  store.phase = 2;
  const client = new FlagClient({ url });
  await client.refresh();
  store.down = true;
  store.phase = 4;
  expect(await client.refresh()).toBe(false);
  expect(client.stage("attendee-status")).toBe("shadow");
});

test("answers that are no flags leave the last known values, and a request that hangs ends", async () => {
  const answers: (() => Promise<Response>)[] = [
    async () => Response.json({ flags: [{ key: "attendee-status", value: "live" }] }),
    async () => Response.json({ flags: [{ key: "attendee-status", value: "sideways" }, null, { value: 1 }] }),
    async () => new Response("<html>", { status: 200 }),
    async () => Response.json({ flags: [] }),
  ];
  const client = new FlagClient({
    url,
    timeoutMs: 20,
    fetch: (_, init) =>
      answers.shift()?.() ??
      new Promise((__, reject) => init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason))),
  });
  const answered: boolean[] = [];
  for (let at = 0; at < 5; at++) answered.push(await client.refresh());
  expect(answered).toEqual([true, true, false, true, false]);
  expect(client.stage("attendee-status")).toBe("live");
  expect(() => new FlagClient({ url: "nowhere" })).toThrow(expect.objectContaining({ code: "FLAG_SERVER_INVALID" }));
});
