import { afterAll, beforeAll, expect, it } from "vitest";
import { type Documented, mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { type Answer, openSite, type Site } from "./support/site.ts";

let site: Site;
let document: OpenApi;
let documented: Documented[];
beforeAll(async () => {
  site = await openSite();
  document = await openApi(site);
  documented = operations(document);
});
afterAll(() => site[Symbol.asyncDispose]());

/** Sends a request, and fails when the answer is not one that the document describes for this route. */
async function send(route: string, ...[who, method, path, body]: Parameters<Site["send"]>): Promise<Answer> {
  const answer = await site.send(who, method, path, body);
  const described = documented.find((each) => each.path === route && each.method === method);
  expect(mismatch(document, described!, answer)).toEqual([]);
  return answer;
}

/** The run that was started, once it is in one of these states. */
async function ended(started: Answer, states = ["completed", "failed", "aborted"]): Promise<Record<string, unknown>> {
  expect([started.status, started.body.code]).toEqual([202, undefined]);
  expect(started.headers.get("location")).toBe(`/v1/runs/${started.body.runId}`);
  for (;;) {
    const { body } = await site.send("viewer", "GET", `/v1/runs/${started.body.runId}`);
    if (states.includes(String(body.state))) return body;
  }
}

it("takes, proves and restores a snapshot, with the approval of a second person", async () => {
  const made = await send("/v1/snapshots", "operator", "POST", "/v1/snapshots", { reason: "before January" });
  const taken = await ended(made);
  expect(taken).toMatchObject({ kind: "snapshot", state: "completed" });
  const snapshot = taken.result as { snapshotId: string; sha256: string };
  const path = `/v1/snapshots/${snapshot.snapshotId}`;
  const one = await send("/v1/snapshots/{id}", "viewer", "GET", path);
  expect(one.body).toMatchObject({ sha256: snapshot.sha256, reason: "before January", operator: "operator-token" });

  const proof = await send("/v1/snapshots/{id}/verifications", "operator", "POST", `${path}/verifications`);
  expect(proof.body).toMatchObject({ ok: true, problems: [] });
  const { body } = await send("/v1/snapshots", "viewer", "GET", "/v1/snapshots");
  expect(body.snapshots).toEqual([expect.objectContaining({ problem: null, provenAt: expect.any(String) })]);

  const restore = (approval: unknown) =>
    send("/v1/snapshots/{id}/restore", "operator", "POST", `${path}/restore`, { approval });
  const nobody = await restore("apr-0b1f8a52-3c1e-4a52-9d0e-6c2f7b1d9e55");
  expect([nobody.status, nobody.body.code]).toEqual([403, "APPROVAL_REQUIRED"]);
  expect(nobody.body.detail).toMatch(/: (none was given|there is no approval of the id that was given)\.$/);
  const approval = await site.send("approver", "POST", "/v1/approvals", {
    digest: snapshot.sha256,
    action: "snapshot:restore",
    requestedBy: "operator-token",
  });
  const restored = await ended(await restore(approval.body.id));
  expect(restored).toMatchObject({ kind: "restore", state: "completed" });
  expect(restored.result).toMatchObject({ verified: true, kept: ["AuditLog"], safetySnapshotId: expect.any(String) });
});

it("tells on the run why a snapshot could not be taken, and takes it when the run is resumed", async () => {
  await site.runtime.context.engine.script(
    "CREATE OPERATOR public.### (FUNCTION = int4pl, LEFTARG = int4, RIGHTARG = int4)",
  );
  const refused = await ended(await send("/v1/snapshots", "operator", "POST", "/v1/snapshots", { reason: "again" }));
  expect(refused).toMatchObject({ state: "failed", error: { code: "SNAPSHOT_UNSUPPORTED" } });
  await site.runtime.context.engine.script("DROP OPERATOR public.### (int4, int4)");
  const resumed = await site.send("operator", "POST", `/v1/runs/${refused.runId}/resume`);
  expect(await ended(resumed, ["completed"])).toMatchObject({ error: null });
});

it("knows no snapshot of another name", async () => {
  const none = await send("/v1/snapshots/{id}", "viewer", "GET", "/v1/snapshots/snap-20260115-142500-4f2a91");
  expect([none.status, none.body.code]).toEqual([404, "SNAPSHOT_NOT_FOUND"]);
});
