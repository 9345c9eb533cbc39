import { afterAll, beforeAll, expect, it } from "vitest";
import { query } from "./support/digests.ts";
import { mismatch, type OpenApi, openApi, operations } from "./support/openapi.ts";
import { importSample, openSite, type Site } from "./support/site.ts";

let site: Site;
let document: OpenApi;
let runId: string;
beforeAll(async () => {
  site = await openSite();
  document = await openApi(site);
  runId = await importSample(site);
});
afterAll(() => site[Symbol.asyncDispose]());

async function get(path: string) {
  const answer = await site.send("viewer", "GET", path);
  const described = operations(document).find((each) => each.path === "/v1/audit" && each.method === "GET")!;
  expect(mismatch(document, described, answer)).toEqual([]);
  return answer;
}

async function verify() {
  const answer = await site.send("operator", "POST", "/v1/audit/verify");
  const described = operations(document).find((each) => each.path === "/v1/audit/verify")!;
  expect(mismatch(document, described, answer)).toEqual([]);
  return answer.body as { ok: boolean; trails: { entries: number; problems: { kind: string }[] }[] };
}

it("pages through the trail, each entry once, newest first", async () => {
  const seen: { id: string; seq: number; action: string }[] = [];
  for (let cursor = ""; ; ) {
    const { entries, next } = (await get(`/v1/audit?limit=1&run=${runId}${cursor}`)).body as {
      entries: typeof seen;
      next: string | null;
    };
    seen.push(...entries);
    if (next === null) break;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
  expect(seen[0]!.action).toBe("migration:completed");
  expect(seen.at(-1)!.action).toBe("migration:started");
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map(({ seq }) => seq).toSorted((a, b) => b - a));
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
});

it("a cursor that is none is refused", async () => {
  const answer = await site.send("viewer", "GET", "/v1/audit?cursor=nonsense");
  expect([answer.status, answer.body.code]).toEqual([400, "CURSOR_INVALID"]);
});

it("verifies, and finds an entry that was changed behind the triggers", async () => {
  expect(await verify()).toMatchObject({ ok: true, trails: [{ problems: [] }] });
  await query(
    site.databaseUrl,
    `ALTER TABLE "AuditLog" DISABLE TRIGGER ALL;
     UPDATE "AuditLog" SET metadata = metadata || '{"operator":"somebody else"}' WHERE action = 'migration:started'`,
  );
  const found = await verify();
  expect(found.ok).toBe(false);
  expect(found.trails[0]!.problems.map(({ kind }) => kind)).toContain("changed");
  await expect(site.runtime.anchorAudit()).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
});
