import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query } from "./support/digests.ts";
import { ended, importSample, openSite, type Site } from "./support/site.ts";

let site: Site;
let runId: string;
let verification: string;
beforeAll(async () => {
  site = await openSite({ serve: { limits: { failedAuthentications: 1_000 } } });
  runId = await importSample(site);
  verification = String((await site.send("operator", "POST", "/v1/verifications", { bundle: runId })).body.id);
});
afterAll(() => site[Symbol.asyncDispose]());

const form = { "content-type": "application/x-www-form-urlencoded" };
const signIn = (token: string, headers: Record<string, string> = { "sec-fetch-site": "same-origin" }, to = "/") =>
  site.send(null, "POST", "/session", new URLSearchParams({ token, to }).toString(), { ...form, ...headers });

/** A page as a viewer sees it. */
async function visit(path: string) {
  const cookie = (await signIn(site.tokens.viewer)).headers.get("set-cookie")!.split(";")[0]!;
  return await site.send(null, "GET", path, undefined, { cookie });
}

describe("signing in", () => {
  it("keeps the token in a cookie that no script reads and no other site sends", async () => {
    const answer = await signIn(site.tokens.viewer, undefined, `/runs/${runId}`);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `/runs/${runId}`]);
    const cookie = answer.headers.get("set-cookie")!;
    expect(cookie).toMatch(/^runback_session=/);
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"]) expect(cookie).toContain(part);
    const secure = await signIn(site.tokens.viewer, { "sec-fetch-site": "same-origin", "x-forwarded-proto": "https" });
    expect(secure.headers.get("set-cookie")).toContain("Secure");
  });

  it.each(["", "wrong", "rb_x' OR '1'='1"])("says that %j is no token", async (token) => {
    const answer = await signIn(token);
    expect([answer.status, answer.headers.get("set-cookie")]).toEqual([401, null]);
    expect(answer.text).toContain("unknown, expired or revoked");
    expect(answer.text).not.toContain("OR '1'");
  });

  it.each(["https://evil.example/", "//evil.example", "/\\evil.example"])("does not lead to %s", async (to) => {
    expect((await signIn(site.tokens.viewer, undefined, to)).headers.get("location")).toBe("/");
  });

  it.each<[string, Record<string, string>]>([
    ["from another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["from a sibling", { "sec-fetch-site": "same-site" }],
    ["from an old browser on another site", { origin: "https://evil.example" }],
    ["that does not say where from", {}],
  ])("refuses a form %s", async (_name, headers) => {
    for (const path of ["/session", "/session/end"]) {
      const body = new URLSearchParams({ token: site.tokens.viewer }).toString();
      const answer = await site.send(null, "POST", path, body, { ...form, ...headers });
      expect([answer.status, answer.headers.get("set-cookie")]).toEqual([403, null]);
    }
  });

  it("ends with the cookie", async () => {
    const answer = await site.send(null, "POST", "/session/end", "", { ...form, "sec-fetch-site": "same-origin" });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
    expect(answer.headers.get("set-cookie")).toMatch(/^runback_session=; Max-Age=0/);
  });

  it("the cookie opens pages and never the API", async () => {
    const cookie = (await signIn(site.tokens.admin)).headers.get("set-cookie")!.split(";")[0]!;
    expect((await site.send(null, "GET", "/v1/runs", undefined, { cookie })).status).toBe(401);
    expect((await site.send(null, "POST", "/v1/tokens", { name: "x", role: "admin" }, { cookie })).status).toBe(401);
  });

  it.each(["/", "/health", "/runs/x", "/verifications/x"])(
    "without it, %s asks for a token and shows nothing",
    async (path) => {
      const answer = await site.send(null, "GET", path);
      expect(answer.status).toBe(401);
      expect(answer.text).toContain('name="token"');
      expect(answer.text).toContain(`name="to" value="${path}"`);
      expect(answer.text).not.toContain(runId);
    },
  );
});

describe("pages", () => {
  it("the runs, newest first, and page by page", async () => {
    const dry = await site.send("operator", "POST", "/v1/runs", { dryRun: true });
    await ended(site, String(dry.body.runId));
    const { status, text } = await visit("/");
    expect(status).toBe(200);
    expect(text.indexOf(String(dry.body.runId))).toBeGreaterThan(0);
    expect(text.indexOf(String(dry.body.runId))).toBeLessThan(text.indexOf(runId));
    expect(text).toContain("viewer-token · viewer");
    const older = await visit(`/?before=${dry.body.runId}`);
    expect(older.text).toContain(runId);
    expect(older.text).not.toContain(`>${dry.body.runId}<`);
  });

  it("one run with its counts, steps, verification and bundle", async () => {
    const { status, text } = await visit(`/runs/${runId}`);
    expect(status).toBe(200);
    for (const shown of [
      "members",
      "registrations",
      "operator-token",
      "Row Content",
      "PASS",
      "migration-report.json",
      "rows/s",
    ])
      expect(text).toContain(shown);
    expect(text).not.toContain('http-equiv="refresh"');
    const checked = await visit(`/runs/${runId}?check=bundle`);
    expect(checked.text).toContain("all hashes hold");
  });

  it("why rows were refused, without anything of their content as markup", async () => {
    const attack = "<script>alert(1)</script>";
    await query(
      site.databaseUrl,
      `UPDATE runback.runs SET operator = '${attack}', result = jsonb_set(jsonb_set(result, '{quarantineTotal}', '2'), '{quarantine}',
        '[{"entity":"members","row":7,"waId":"${attack}","reason":"invalid-date","message":"${attack}"},
          {"entity":"members","row":9,"waId":null,"reason":"invalid-date","message":"no"}]') WHERE run_id = '${runId}'`,
    );
    const { text } = await visit(`/runs/${runId}`);
    expect(text).toContain("2 refused records");
    expect(text).toContain("invalid-date");
    expect(text).not.toContain("<script");
    expect((await visit("/")).text).not.toContain("<script");
  });

  it("a run that is under way is loaded again by itself; a failed one says how to go on", async () => {
    const set = (state: string) =>
      query(
        site.databaseUrl,
        `UPDATE runback.runs SET state = '${state}', error = '{"code":"UNEXPECTED","message":"secret of a row"}' WHERE run_id = '${runId}'`,
      );
    await set("running");
    expect((await visit(`/runs/${runId}`)).text).toContain('http-equiv="refresh"');
    await set("failed");
    const { text } = await visit(`/runs/${runId}`);
    expect(text).toContain(`runback import --resume ${runId}`);
    expect(text).not.toContain("secret of a row");
    const { error } = (await site.send("viewer", "GET", `/v1/runs/${runId}`)).body as { error: { message: string } };
    expect(error.message).not.toContain("secret of a row");
  });

  it("the full verification report, and the health of everything", async () => {
    expect((await visit(`/verifications/${verification}`)).text).toContain("Verification PASSED");
    const health = await visit("/health");
    expect(health.status).toBe(200);
    expect(health.text).toContain("all well");
    expect(health.text).not.toMatch(/:\/\/[^\s/]*:[^*\s]+@/);
  });

  it("the API's documentation, without a token", async () => {
    const { status, text } = await site.send(null, "GET", "/docs");
    expect(status).toBe(200);
    for (const shown of ["/v1/rollbacks", "planDigest", "Role: <strong>approver</strong>"])
      expect(text).toContain(shown);
  });

  it.each([
    ["/runs/run-20260115-143000-000000", 404, "RUN_NOT_FOUND"],
    ["/runs/x'--", 404, "RUN_NOT_FOUND"],
    ["/verifications/ver-x", 404, "VERIFICATION_NOT_FOUND"],
  ])("%s is a page that says what is wrong", async (path, status, code) => {
    const answer = await visit(path);
    expect([answer.status, answer.text.includes(code)]).toEqual([status, true]);
  });

  it("every page loads nothing and runs nothing", async () => {
    for (const path of ["/", `/runs/${runId}`, "/health", `/verifications/${verification}`, "/docs", "/runs/x"]) {
      const { headers, text } = await visit(path);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(text).not.toMatch(
        /<(script|link|img|iframe|object|embed)\b|\son\w+=|url\(|@import|https?:\/\/(?!www\.apache)/i,
      );
    }
  });
});
