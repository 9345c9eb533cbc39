import { afterAll, beforeAll, expect, it } from "vitest";
import { ended, eventsOf, openSite, type Site } from "./support/site.ts";

let site: Site;
let runId: string;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site[Symbol.asyncDispose]());

it("starts a dry run, whose plan a live run then executes, with every step in the stream", async () => {
  const dry = await site.send("operator", "POST", "/v1/runs", { dryRun: true });
  expect(dry.status).toBe(202);
  const planned = await ended(site, String(dry.body.runId));
  expect(planned).toMatchObject({ state: "completed", mode: "dry", rows: 0 });
  const live = await site.send("operator", "POST", "/v1/runs", { dryRun: false, plan: planned.planDigest });
  expect(live.headers.get("location")).toBe(`/v1/runs/${live.body.runId}`);
  runId = String(live.body.runId);
  const stream = await site.send("viewer", "GET", `/v1/runs/${runId}/events`);
  expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const events = eventsOf(stream.text);
  expect(events.map((each) => each.event)).toContain("progress");
  expect(events[0]!.event).toBe("state");
  expect(events.at(-1)).toMatchObject({
    event: "end",
    data: { runId, state: "completed", planDigest: planned.planDigest },
  });
});
