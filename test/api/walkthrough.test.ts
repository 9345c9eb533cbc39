import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { query, tableDigests } from "./support/digests.ts";
import { lambdaSend } from "./support/lambda.ts";
import { type Documented, mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { type Answer, ended, eventsOf, openSite, type Site, sampleCounts } from "./support/site.ts";

/** From import to rollback, as a client goes; every answer is held against the OpenAPI document. */
describe.each(["socket", "lambda"] as const)("through %s", (transport) => {
  let site: Site;
  let document: OpenApi;
  let documented: Documented[];
  let transmit: Site["send"];
  let empty: Record<string, string>;
  let filled: Record<string, string>;
  let runId: string;

  beforeAll(async () => {
    site = await openSite();
    transmit = transport === "socket" ? site.send : await lambdaSend(site);
    document = await openApi(site);
    documented = operations(document);
    empty = await members();
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    await site[Symbol.asyncDispose]();
  });

  /** The tables of the migration, without Runback's own and the trail. */
  async function members(): Promise<Record<string, string>> {
    const digests = await tableDigests(site.databaseUrl);
    return Object.fromEntries(
      Object.entries(digests).filter(([name]) => !name.startsWith("runback.") && !name.includes("AuditLog")),
    );
  }

  /** Sends a request, and fails when the answer is not one that the document describes for this route. */
  async function send(route: string, ...[who, method, path, body, headers]: Parameters<Site["send"]>): Promise<Answer> {
    const answer = await transmit(who, method, path, body, headers);
    const described = documented.find((each) => each.path === route && each.method === method);
    expect(mismatch(document, described!, answer)).toEqual([]);
    return answer;
  }

  it("a dry run counts what a live run would do, and writes nothing", async () => {
    const started = await send("/v1/runs", "operator", "POST", "/v1/runs", { dryRun: true });
    expect([started.status, started.body.operator]).toEqual([202, "operator-token"]);
    const run = await ended(site, String(started.body.runId));
    expect(run).toMatchObject({ state: "completed", mode: "dry", rows: 0 });
    expect(await members()).toEqual(empty);
    const one = await send("/v1/runs/{id}", "viewer", "GET", `/v1/runs/${run.runId}`);
    expect(one.body.result).toMatchObject({
      dryRun: true,
      entities: { members: { parsed: sampleCounts.members, created: sampleCounts.members } },
    });
  });

  it("the live run executes the plan that was seen, and its stream tells every step", async () => {
    const { runs } = (await send("/v1/runs", "viewer", "GET", "/v1/runs")).body as { runs: { planDigest: string }[] };
    const body = { dryRun: false, plan: runs[0]!.planDigest };
    const started = await send("/v1/runs", "operator", "POST", "/v1/runs", body);
    expect(started.headers.get("location")).toBe(`/v1/runs/${started.body.runId}`);
    runId = String(started.body.runId);
    const path = `/v1/runs/${runId}/events`;
    const stream = await send("/v1/runs/{id}/events", "viewer", "GET", path);
    const events = eventsOf(stream.text);
    const steps = events.filter(({ event }) => event === "progress");
    expect(steps.map(({ id }) => id)).toEqual(steps.map((_, at) => String(at + 1)));
    expect(steps.reduce((rows, { data }) => rows + Number(data.rows), 0)).toBeGreaterThanOrEqual(
      sampleCounts.members + sampleCounts.events + sampleCounts.registrations,
    );
    expect(events.at(-1)).toMatchObject({ event: "end", data: { runId, state: "completed" } });
    const resumed = await transmit("viewer", "GET", path, undefined, { "last-event-id": String(steps.length) });
    expect(eventsOf(resumed.text).map(({ event }) => event)).toEqual(["state", "end"]);
    filled = await members();
    expect(filled).not.toEqual(empty);
  });

  it("lists runs page by page, each run once", async () => {
    const seen: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await send("/v1/runs", "viewer", "GET", `/v1/runs?limit=1${cursor}`);
      const { runs, next } = page.body as { runs: { runId: string }[]; next: string | null };
      seen.push(...runs.map((run) => run.runId));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBe(runId);
    expect(new Set(seen).size).toBe(2);
  });

  it("verifies the bundle, and gives the report in each format", async () => {
    const made = await send("/v1/verifications", "operator", "POST", "/v1/verifications", { bundle: runId });
    expect([made.status, made.body.passed, made.body.runId]).toEqual([201, true, runId]);
    const path = `/v1/verifications/${made.body.id}`;
    expect(made.headers.get("location")).toBe(path);
    for (const [accept, type, start] of [
      ["application/json", "application/json", '{\n  "runId"'],
      ["text/markdown", "text/markdown", "#"],
      ["text/html", "text/html", "<!doctype html>"],
      ["application/xml", "application/xml", "<?xml"],
    ]) {
      const report = await send("/v1/verifications/{id}", "viewer", "GET", path, undefined, { accept: accept! });
      expect(report.headers.get("content-type")).toBe(`${type}; charset=utf-8`);
      expect(report.text.toLowerCase().startsWith(start!.toLowerCase())).toBe(true);
      expect(report.text).toContain(runId);
    }
    const none = await send("/v1/verifications/{id}", "viewer", "GET", path, undefined, { accept: "image/png" });
    expect([none.status, none.body.code]).toEqual([406, "NOT_ACCEPTABLE"]);
    const run = await send("/v1/runs/{id}", "viewer", "GET", `/v1/runs/${runId}`);
    expect(run.body.verification).toMatchObject({ id: made.body.id, passed: true });
  });

  it("lists the bundle with its hashes, and every file downloads as the hash says", async () => {
    const bundle = await send("/v1/bundles/{runId}", "viewer", "GET", `/v1/bundles/${runId}`);
    expect(bundle.body).toMatchObject({ ok: true, missing: [], extra: [] });
    const { files } = bundle.body as { files: { name: string; bytes: number; ok: boolean }[] };
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["migration-report.json", "id-map.json", "row-digests/Member.json"]),
    );
    const sums = await transmit("viewer", "GET", `/v1/bundles/${runId}/SHA256SUMS`);
    expect(createHash("sha256").update(sums.text).digest("hex")).toBe(bundle.body.sha256);
    for (const { name, bytes, ok } of files) {
      expect(ok).toBe(true);
      for (const address of [name, encodeURIComponent(name)]) {
        const file = await transmit("viewer", "GET", `/v1/bundles/${runId}/${address}`);
        expect([file.status, Buffer.byteLength(file.text)]).toEqual([200, bytes]);
        expect(sums.text).toContain(`${createHash("sha256").update(file.text).digest("hex")}  ${name}\n`);
        expect(file.headers.get("content-disposition")).toMatch(/^attachment;/);
      }
    }
  });

  it("plans the rollback: every row of the run in one class", async () => {
    const plan = await send("/v1/runs/{id}/rollback-plan", "operator", "POST", `/v1/runs/${runId}/rollback-plan`);
    const { classes, planned } = plan.body as { classes: Record<string, number>; planned: number };
    expect(Object.values(classes).reduce((sum, rows) => sum + rows, 0)).toBe(planned);
    expect(plan.body).toMatchObject({ runId, rollbackRunId: null, conflicts: [] });
    expect(await members()).toEqual(filled);
  });

  it("refuses a plan that is not the one that was seen, and one that meets a newer edit", async () => {
    const path = `/v1/runs/${runId}/rollback-plan`;
    const { planDigest } = (await send("/v1/runs/{id}/rollback-plan", "operator", "POST", path)).body;
    await query(
      site.databaseUrl,
      `UPDATE "Member" SET "firstName" = 'Edited' WHERE id = (SELECT min(id::text)::uuid FROM "Member")`,
    );
    const edited = await members();
    const changed = await send("/v1/rollbacks", "operator", "POST", "/v1/rollbacks", { runId, planDigest });
    expect([changed.status, changed.body.code]).toEqual([409, "PLAN_CHANGED"]);
    const again = (await send("/v1/runs/{id}/rollback-plan", "operator", "POST", path, { onConflict: "abort" })).body;
    const refused = await send("/v1/rollbacks", "operator", "POST", "/v1/rollbacks", {
      runId,
      planDigest: again.planDigest,
    });
    expect([refused.status, refused.body.code]).toEqual([409, "ROLLBACK_CONFLICTS"]);
    expect(refused.body.details).toMatchObject({
      classes: { edited: 1 },
      conflicts: [{ table: "Member", class: "edited" }],
    });
    expect(await members()).toEqual(edited);
  });

  it("overwrites a newer edit only with the approval of somebody else, who did not ask for it either", async () => {
    const path = `/v1/runs/${runId}/rollback-plan`;
    const force = { onConflict: "force" };
    const { planDigest } = (await send("/v1/runs/{id}/rollback-plan", "operator", "POST", path, force)).body;
    const rollback = { runId, planDigest, ...force };
    const approve = (who: "operator" | "approver", requestedBy: string, digest = planDigest) =>
      send("/v1/approvals", who, "POST", "/v1/approvals", { digest, action: "rollback", requestedBy });
    const execute = (who: "operator" | "approver", approval?: unknown) =>
      send("/v1/rollbacks", who, "POST", "/v1/rollbacks", { ...rollback, ...(approval ? { approval } : {}) });
    const edited = await members();

    expect((await execute("operator")).body).toMatchObject({ status: 403, code: "APPROVAL_REQUIRED" });
    expect((await approve("operator", "somebody")).status).toBe(403);
    expect((await approve("approver", "approver-token")).body).toMatchObject({ status: 403, code: "APPROVAL_OWN" });
    const other = await approve("approver", "operator-token", "b".repeat(64));
    expect((await execute("operator", other.body.id)).body).toMatchObject({ status: 403, code: "APPROVAL_REQUIRED" });
    const approval = await approve("approver", "operator-token");
    expect(approval.body).toMatchObject({ approvedBy: "approver-token", requestedBy: "operator-token" });
    expect((await execute("approver", approval.body.id)).body).toMatchObject({
      status: 403,
      code: "APPROVAL_REQUIRED",
    });
    expect(await members()).toEqual(edited);

    const read = await send("/v1/approvals/{id}", "viewer", "GET", `/v1/approvals/${approval.body.id}`);
    expect(read.body).toEqual(approval.body);
    const started = await execute("operator", approval.body.id);
    expect([started.status, started.body.kind, started.body.revertsRunId]).toEqual([202, "rollback", runId]);
    expect(await ended(site, String(started.body.runId))).toMatchObject({ state: "completed" });
    expect(await members()).toEqual(empty);
  });

  it("takes the rollback back like any other run", async () => {
    const { runs } = (await send("/v1/runs", "viewer", "GET", "/v1/runs")).body as { runs: { runId: string }[] };
    const undone = runs[0]!.runId;
    const plan = await send("/v1/runs/{id}/rollback-plan", "operator", "POST", `/v1/runs/${undone}/rollback-plan`);
    const { planDigest } = plan.body;
    const started = await send("/v1/rollbacks", "operator", "POST", "/v1/rollbacks", { runId: undone, planDigest });
    expect(await ended(site, String(started.body.runId))).toMatchObject({ state: "completed" });
    const [row] = await query(site.databaseUrl, `SELECT count(*)::int AS rows FROM "Member"`);
    expect(row).toEqual({ rows: sampleCounts.members });
  });

  it("resuming a run that has ended changes nothing", async () => {
    const before = await members();
    const resumed = await send("/v1/runs/{id}/resume", "operator", "POST", `/v1/runs/${runId}/resume`);
    expect([resumed.status, resumed.body.state]).toEqual([202, "completed"]);
    expect(await members()).toEqual(before);
  });

  it("health names each dependency", async () => {
    const health = await send("/v1/health", null, "GET", "/v1/health");
    expect([health.status, health.body]).toMatchObject([
      200,
      { status: "ok", dependencies: { target: { ok: true }, ownTables: { ok: true }, vault: { ok: true } } },
    ]);
  });
});
