import { once } from "node:events";
import { rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { serve } from "@runback/api";
import { expect, it, vi } from "vitest";
import { query } from "./support/digests.ts";
import { ended, eventsOf, importSample, openSite, sendTo } from "./support/site.ts";

it("a client that goes away from a stream ends its work, and leaves no line that is not JSON", async () => {
  await using site = await openSite();
  const runId = await importSample(site);
  await query(site.databaseUrl, `UPDATE runback.runs SET state = 'paused' WHERE run_id = '${runId}'`);
  const spies = (["log", "info", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  const gone = new AbortController();
  const reads = vi.spyOn(site.runtime, "run");
  const stream = await fetch(`${site.url}/v1/runs/${runId}/events`, {
    headers: { authorization: `Bearer ${site.tokens.viewer}` },
    signal: gone.signal,
  });
  await stream.body!.getReader().read();
  gone.abort();
  // It reads every 10 ms; two equal counts around three requests mean that it reads no more.
  let before = -1;
  for (let tries = 0; reads.mock.calls.length !== before; tries++) {
    if (tries > 200) throw new Error("the stream goes on without its client");
    before = reads.mock.calls.length;
    for (let request = 0; request < 3; request++) await site.send("viewer", "GET", "/v1/audit?limit=100");
  }
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

it("says which port is taken", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using site = await openSite();
  await expect(serve(site.runtime, { port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await expect(serve(site.runtime, { port: 0, hostname: "203.0.113.1" })).rejects.toMatchObject({
    code: "ADDRESS_UNAVAILABLE",
  });
  other.close();
});

it("closing ends open event streams and refuses new connections; closing again does nothing", async () => {
  await using site = await openSite();
  const runId = await importSample(site);
  await query(site.databaseUrl, `UPDATE runback.runs SET state = 'paused' WHERE run_id = '${runId}'`);
  const second = await serve(site.runtime, {
    port: 0,
    adminToken: site.tokens.admin,
    limits: { eventPollMs: 10, heartbeatMs: 20 },
  });
  const stream = await fetch(`${second.url}/v1/runs/${runId}/events`, {
    headers: { authorization: `Bearer ${site.tokens.viewer}` },
  });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(": heartbeat")) text += (await reader.read()).value;
  expect(eventsOf(text).at(-1)).toMatchObject({ event: "state", data: { state: "paused" } });
  await second.close();
  await second.close();
  await expect(
    reader.read().then(({ done }) => (done ? Promise.reject(new Error("ended")) : undefined)),
  ).rejects.toThrow();
  await expect(fetch(`${second.url}/v1/health`)).rejects.toThrow();
});

it("a server that stops lets its run reach a step boundary, and the run can be gone on with", async () => {
  await using site = await openSite({ rows: 2_000 });
  const stop = new AbortController();
  const stopping = await site.another(stop.signal);
  const started = await sendTo(stopping.url, site.tokens.operator, "POST", "/v1/runs", { dryRun: false });
  const runId = String(started.body.runId);
  stop.abort();
  await stopping.close();
  const [left] = await query(site.databaseUrl, `SELECT state FROM runback.runs WHERE run_id = '${runId}'`);
  expect(left).toEqual({ state: "paused" });
  const refused = await sendTo(site.url, site.tokens.operator, "POST", "/v1/runs", { dryRun: true });
  expect(refused.status).toBe(202);
  const again = await site.send("operator", "POST", `/v1/runs/${runId}/resume`);
  expect([again.status, again.body.state]).toEqual([202, "paused"]);
  expect(await ended(site, runId)).toMatchObject({ state: "completed" });
});

it("health is 503 and names what fails: tables that are not there, a vault without the newest bundle", async () => {
  await using bare = await openSite({ bare: true });
  const missing = await bare.send(null, "GET", "/v1/health");
  expect([missing.status, missing.body]).toMatchObject([
    503,
    { status: "failing", dependencies: { target: { ok: true }, ownTables: { ok: false, code: "NOT_INITIALISED" } } },
  ]);
  const runs = await bare.send("admin", "GET", "/v1/runs");
  expect([runs.status, runs.body.code]).toEqual([503, "NOT_INITIALISED"]);

  await using site = await openSite();
  await importSample(site);
  rmSync(join(site.home, "vault"), { recursive: true });
  const lost = await site.send(null, "GET", "/v1/health");
  expect([lost.status, lost.body]).toMatchObject([
    503,
    { dependencies: { target: { ok: true }, vault: { ok: false, code: "BUNDLE_NOT_FOUND" } } },
  ]);
});

it("a database that is gone makes every route a 503 that says nothing of its address", async () => {
  await using site = await openSite();
  const name = new URL(site.databaseUrl).pathname.slice(1);
  const admin = new URL(site.databaseUrl);
  admin.pathname = "/postgres";
  await query(admin.href, `ALTER DATABASE "${name}" WITH ALLOW_CONNECTIONS false`);
  await query(admin.href, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  const answers = [
    await site.send("admin", "GET", "/v1/runs"),
    await site.send("admin", "POST", "/v1/runs", { dryRun: true }),
  ];
  await query(admin.href, `ALTER DATABASE "${name}" WITH ALLOW_CONNECTIONS true`);
  for (const answer of answers) {
    expect([500, 503]).toContain(answer.status);
    expect(answer.text).not.toContain(name);
  }
});
