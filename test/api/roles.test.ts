import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tableDigests } from "./support/digests.ts";
import { type Documented, exampleOf, mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { openSite, type Site } from "./support/site.ts";

const roles = ["viewer", "operator", "approver", "admin"] as const;
let site: Site;
let document: OpenApi;
let documented: Documented[];
beforeAll(async () => {
  site = await openSite();
  document = await openApi(site);
  documented = operations(document);
});
afterAll(() => site[Symbol.asyncDispose]());

it("documents every route that is served, and serves every route that is documented", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(documented.map(({ method, path, role }) => `${method} ${path} ${role}`).sort()).toMatchInlineSnapshot(`
    [
      "DELETE /v1/freeze operator",
      "DELETE /v1/tokens/{id} admin",
      "GET /v1/alerts viewer",
      "GET /v1/approvals/{id} viewer",
      "GET /v1/attendance/entries viewer",
      "GET /v1/attendance/events/{event} viewer",
      "GET /v1/attendance/removal viewer",
      "GET /v1/attendance/triggers viewer",
      "GET /v1/attendance/verification operator",
      "GET /v1/audit viewer",
      "GET /v1/bundles/{runId} viewer",
      "GET /v1/bundles/{runId}/{file} viewer",
      "GET /v1/cutovers viewer",
      "GET /v1/cutovers/{name} viewer",
      "GET /v1/cutovers/{name}/metrics viewer",
      "GET /v1/freeze viewer",
      "GET /v1/health null",
      "GET /v1/monitors viewer",
      "GET /v1/runs viewer",
      "GET /v1/runs/{id} viewer",
      "GET /v1/runs/{id}/events viewer",
      "GET /v1/snapshots viewer",
      "GET /v1/snapshots/{id} viewer",
      "GET /v1/tokens admin",
      "GET /v1/verifications/{id} viewer",
      "POST /ofrep/v1/evaluate/flags viewer",
      "POST /ofrep/v1/evaluate/flags/{key} viewer",
      "POST /v1/alerts/{id}/acknowledge operator",
      "POST /v1/approvals approver",
      "POST /v1/attendance/check-ins operator",
      "POST /v1/attendance/corrections operator",
      "POST /v1/attendance/events/{event}/close admin",
      "POST /v1/attendance/migrations admin",
      "POST /v1/attendance/removals admin",
      "POST /v1/audit/verify operator",
      "POST /v1/cutovers/{name}/advance operator",
      "POST /v1/cutovers/{name}/backfill operator",
      "POST /v1/cutovers/{name}/gate operator",
      "POST /v1/cutovers/{name}/metrics viewer",
      "POST /v1/cutovers/{name}/retreat operator",
      "POST /v1/monitors/{name}/runs operator",
      "POST /v1/rollbacks operator",
      "POST /v1/runs operator",
      "POST /v1/runs/{id}/resume operator",
      "POST /v1/runs/{id}/rollback-plan operator",
      "POST /v1/snapshots operator",
      "POST /v1/snapshots/{id}/restore operator",
      "POST /v1/snapshots/{id}/verifications operator",
      "POST /v1/tokens admin",
      "POST /v1/verifications operator",
      "PUT /v1/attendance/triggers admin",
      "PUT /v1/cutovers/{name}/comparing operator",
      "PUT /v1/freeze operator",
    ]
  `);
});

describe("without a valid token", () => {
  let other: Site;
  // Its own server: failures are counted by address.
  beforeAll(async () => {
    other = await openSite({ serve: { limits: { failedAuthentications: 1_000 } } });
  });
  afterAll(() => other[Symbol.asyncDispose]());

  it.each([
    ["no token", undefined, "TOKEN_MISSING"],
    ["an unknown token", "Bearer rb_unknown", "TOKEN_INVALID"],
    ["an empty token", "Bearer ", "TOKEN_INVALID"],
    ["another scheme", "Basic YWRtaW46YWRtaW4=", "TOKEN_INVALID"],
    ["a token with a quote", "Bearer x'OR'1'='1", "TOKEN_INVALID"],
  ])("%s is a 401 on every route, with a challenge, and nothing is written", async (_name, authorization, code) => {
    const before = await tableDigests(other.databaseUrl);
    for (const each of documented.filter(({ role }) => role !== null)) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await other.send(null, each.method, exampleOf(each.path), undefined, headers);
      expect([each.path, answer.status, answer.body.code]).toEqual([each.path, 401, code]);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="runback"/);
      expect(mismatch(document, each, answer)).toEqual([]);
    }
    expect(await tableDigests(other.databaseUrl)).toEqual(before);
  });

  it("tells nothing about routes that do not exist", async () => {
    const answer = await site.send(null, "GET", "/v1/nothing");
    expect([answer.status, answer.body.code]).toEqual([401, "TOKEN_MISSING"]);
  });
});

it("each role opens the routes of its own and of lower roles, and no other", async () => {
  const before = await tableDigests(site.databaseUrl);
  for (const each of documented.filter(({ role }) => role !== null)) {
    for (const role of roles) {
      const answer = await site.send(
        role,
        each.method,
        exampleOf(each.path),
        each.operation.requestBody ? {} : undefined,
      );
      const allowed = roles.indexOf(role) >= roles.indexOf(each.role!);
      expect([each.method, each.path, role, answer.status === 403]).toEqual([each.method, each.path, role, !allowed]);
      if (!allowed) expect(answer.body.code).toBe("ROLE_REQUIRED");
      expect(mismatch(document, each, answer)).toEqual([]);
    }
  }
  expect(await tableDigests(site.databaseUrl)).toEqual(before);
});

it("a revoked token is refused from the next request on", async () => {
  const made = await site.send("admin", "POST", "/v1/tokens", { name: "leaked", role: "operator" });
  const authorization = `Bearer ${made.body.secret}`;
  const use = () => site.send(null, "GET", "/v1/runs", undefined, { authorization });
  expect((await use()).status).toBe(200);
  expect((await site.send("admin", "DELETE", `/v1/tokens/${made.body.id}`)).status).toBe(200);
  const refused = await use();
  expect([refused.status, refused.body.code]).toEqual([401, "TOKEN_INVALID"]);
  const listed = (await site.send("admin", "GET", "/v1/tokens")).body.tokens as {
    id: string;
    revokedAt: string | null;
  }[];
  expect(listed.find(({ id }) => id === made.body.id)?.revokedAt).toMatch(/^\d{4}-.*Z$/);
  expect(JSON.stringify(listed)).not.toContain(String(made.body.secret));
  const trail = (await site.send("admin", "GET", "/v1/audit?limit=2")).body as {
    entries: { action: string; metadata: object }[];
  };
  expect(trail.entries.map(({ action, metadata }) => [action, metadata])).toEqual([
    ["token:revoked", { token: made.body.id, operator: "admin" }],
    ["token:created", { token: made.body.id, name: "leaked", role: "operator", operator: "admin" }],
  ]);
});

it("twenty failures from one address block it for the rest of the minute, a valid token included", async () => {
  let now = Date.now();
  await using other = await openSite({ clock: { now: () => new Date(now) } });
  const guess = () => other.send(null, "GET", "/v1/runs", undefined, { authorization: "Bearer guess" });
  for (let attempt = 0; attempt < 20; attempt++) expect((await guess()).status).toBe(401);
  const blocked = await guess();
  expect([blocked.status, blocked.body.code]).toEqual([429, "RATE_LIMITED"]);
  expect(Number(blocked.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await other.send("admin", "GET", "/v1/runs")).status).toBe(429);
  now += 61_000;
  expect((await other.send("admin", "GET", "/v1/runs")).status).toBe(200);
});

it("an administrator's token that could be guessed is refused at the start", async () => {
  await expect(openSite({ serve: { adminToken: "short" } })).rejects.toMatchObject({ code: "ADMIN_TOKEN_WEAK" });
});
