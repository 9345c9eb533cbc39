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

it("takes, proves and restores a snapshot, with the approval of a second person", async () => {
  const made = await send("/v1/snapshots", "operator", "POST", "/v1/snapshots", { reason: "before January" });
  expect(made.status).toBe(201);
  const path = `/v1/snapshots/${made.body.snapshotId}`;
  expect(made.headers.get("location")).toBe(path);
  const one = await send("/v1/snapshots/{id}", "viewer", "GET", path);
  expect(one.body).toMatchObject({ sha256: made.body.sha256, reason: "before January", operator: "operator-token" });

  const proof = await send("/v1/snapshots/{id}/verifications", "operator", "POST", `${path}/verifications`);
  expect(proof.body).toMatchObject({ ok: true, problems: [] });
  const { body } = await send("/v1/snapshots", "viewer", "GET", "/v1/snapshots");
  expect(body.snapshots).toEqual([expect.objectContaining({ problem: null, provenAt: expect.any(String) })]);

  const restore = (approval: unknown) =>
    send("/v1/snapshots/{id}/restore", "operator", "POST", `${path}/restore`, { approval });
  const nobody = await restore("apr-0b1f8a52-3c1e-4a52-9d0e-6c2f7b1d9e55");
  expect([nobody.status, nobody.body.code]).toEqual([403, "APPROVAL_REQUIRED"]);
  const approval = await site.send("approver", "POST", "/v1/approvals", {
    digest: made.body.sha256,
    action: "snapshot:restore",
    requestedBy: "operator-token",
  });
  const restored = await restore(approval.body.id);
  expect(restored.body).toMatchObject({ verified: true, kept: ["AuditLog"], safetySnapshotId: expect.any(String) });
  const run = await site.send("viewer", "GET", `/v1/runs/${restored.body.runId}`);
  expect(run.body).toMatchObject({ kind: "restore", state: "completed" });
});

it("knows no snapshot of another name", async () => {
  const none = await send("/v1/snapshots/{id}", "viewer", "GET", "/v1/snapshots/snap-20260115-142500-4f2a91");
  expect([none.status, none.body.code]).toEqual([404, "SNAPSHOT_NOT_FOUND"]);
});
