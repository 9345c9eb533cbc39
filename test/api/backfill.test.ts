import { attendeeStatus } from "@runback/attendance";
import { phaseDdl } from "@runback/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { openSite, type Site } from "./support/site.ts";

let site: Site;
let document: OpenApi;
beforeAll(async () => {
  site = await openSite({ cutovers: [attendeeStatus] });
  document = await openApi(site);
  const { engine } = site.runtime.context;
  await engine.script("CREATE TABLE event_attendance (id integer PRIMARY KEY, status text)");
  for (const step of phaseDdl(attendeeStatus, 0, engine.dialect).up)
    if (step.kind === "sql") await engine.script(step.sql);
  await engine.script("INSERT INTO event_attendance SELECT n, 'present' FROM generate_series(1, 900) n");
});
afterAll(() => site[Symbol.asyncDispose]());

it("records a backfill as a run, carries it to its end, and refuses what it does not know", async () => {
  const path = "/v1/cutovers/{name}/backfill";
  const described = operations(document).find((each) => each.path === path && each.method === "POST")!;
  const started = await site.send("operator", "POST", "/v1/cutovers/attendee-status/backfill", {
    stepMs: 100,
  });
  expect(mismatch(document, described, started)).toEqual([]);
  expect(started).toMatchObject({
    status: 202,
    body: { kind: "backfill", mode: "live", migration: "attendee-status" },
  });
  const { runId } = started.body as { runId: string };
  expect(started.headers.get("location")).toBe(`/v1/runs/${runId}`);
  // Its events end when it does.
  await site.send("viewer", "GET", `/v1/runs/${runId}/events`);
  const run = await site.send("viewer", "GET", `/v1/runs/${runId}`);
  expect(run.body).toMatchObject({ state: "completed", rows: 900, result: { filled: 900, remaining: 0 } });
  const refusals = [
    await site.send("viewer", "POST", "/v1/cutovers/attendee-status/backfill", {}),
    await site.send("operator", "POST", "/v1/cutovers/nothing/backfill", {}),
    await site.send("operator", "POST", "/v1/cutovers/attendee-status/backfill", { stepMs: 3 }),
  ];
  for (const refused of refusals) expect(mismatch(document, described, refused)).toEqual([]);
  expect(refusals.map(({ status }) => status)).toEqual([403, 404, 400]);
});
