import { afterAll, beforeAll, expect, it } from "vitest";
import { query } from "./support/digests.ts";
import { ended, openSite, type Site } from "./support/site.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const runCount = async () => Number((await query(site.databaseUrl, "SELECT count(*) FROM runback.runs"))[0]!.count);
const start = (key: string, body: unknown = { dryRun: true }, who: "operator" | "approver" = "operator") =>
  site.send(who, "POST", "/v1/runs", body, { "idempotency-key": key });

it("the same key and body gets the stored answer and starts nothing", async () => {
  const first = await start("one");
  await ended(site, String(first.body.runId));
  const before = await runCount();
  const again = await start("one");
  expect([again.status, again.body]).toEqual([202, first.body]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.headers.get("location")).toBe(first.headers.get("location"));
  expect(await runCount()).toBe(before);
});

it("the same key with another body or on another route is a conflict, and starts nothing", async () => {
  const before = await runCount();
  const other = await start("one", { dryRun: false });
  expect([other.status, other.body.code]).toEqual([409, "IDEMPOTENCY_MISMATCH"]);
  const route = await site.send(
    "operator",
    "POST",
    "/v1/verifications",
    { bundle: "run-1" },
    { "idempotency-key": "one" },
  );
  expect([route.status, route.body.code]).toEqual([409, "IDEMPOTENCY_MISMATCH"]);
  expect(await runCount()).toBe(before);
});

it("keys belong to a principal: another one's key is no key", async () => {
  const answer = await start("one", { dryRun: true }, "approver");
  expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([202, null]);
  await ended(site, String(answer.body.runId));
});

it("of many equal requests at once one is executed, and the others wait or get its answer", async () => {
  const before = await runCount();
  const answers = await Promise.all(Array.from({ length: 8 }, () => start("burst")));
  expect(await runCount()).toBe(before + 1);
  for (const answer of answers)
    expect([202, "IDEMPOTENCY_IN_PROGRESS"]).toContain(answer.status === 202 ? 202 : answer.body.code);
  const accepted = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body.runId));
  expect(accepted.size).toBe(1);
  await ended(site, String([...accepted][0]));
});

it("what was refused may be sent again with the same key, corrected", async () => {
  expect((await start("corrected", { dryRun: "yes" })).status).toBe(400);
  const answer = await start("corrected");
  expect(answer.status).toBe(202);
  await ended(site, String(answer.body.runId));
});

it("a claim that a crash left behind blocks for a while, and not forever", async () => {
  const first = await start("crashed");
  await ended(site, String(first.body.runId));
  const claim = "UPDATE runback.idempotency SET status = NULL, body = NULL, created_at = now() - interval";
  await query(site.databaseUrl, `${claim} '4 minutes' WHERE body::json -> 'body' ->> 'runId' = '${first.body.runId}'`);
  const early = await start("crashed");
  expect([early.status, early.body.code]).toEqual([409, "IDEMPOTENCY_IN_PROGRESS"]);
  expect(early.headers.get("retry-after")).toBe("2");
  await query(site.databaseUrl, `${claim} '6 minutes' WHERE status IS NULL`);
  const later = await start("crashed");
  expect(later.status).toBe(202);
  expect(later.body.runId).not.toBe(first.body.runId);
  await ended(site, String(later.body.runId));
});

it("a token's secret is in the first answer only, and nowhere in the database", async () => {
  const make = () =>
    site.send("admin", "POST", "/v1/tokens", { name: "once", role: "viewer" }, { "idempotency-key": "token" });
  const first = await make();
  expect([first.status, first.body.secret]).toEqual([201, expect.stringMatching(/^rb_[\w-]{43}$/)]);
  const again = await make();
  expect([again.status, again.body]).toEqual([201, { ...first.body, secret: null }]);
  const stored = JSON.stringify([
    await query(site.databaseUrl, "SELECT * FROM runback.idempotency"),
    await query(site.databaseUrl, "SELECT * FROM runback.tokens"),
  ]);
  expect(stored).toContain(String(first.body.id));
  expect(stored).not.toContain(String(first.body.secret));
  expect(site.log()).not.toContain(String(first.body.secret));
});

it.each(["", "a b", "a\tb", "\u00fc", "x".repeat(256)])("refuses the key %j", async (key) => {
  const answer = await start(key);
  expect([answer.status, answer.body.code]).toEqual([400, "IDEMPOTENCY_KEY_INVALID"]);
});
