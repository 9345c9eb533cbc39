import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ticketState } from "@runback/attendance";
import { defineCutover, type Phase } from "@runback/core";
import { ColumnSwitch, FlagClient, type Metric, MetricReporter } from "@runback/flags";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { query } from "../api/support/digests.ts";
import { openSite, type Site } from "../api/support/site.ts";
import { runCli } from "../cli/in-process.ts";

const cutover = defineCutover({ ...ticketState, gates: { comparisons: { atLeast: 5, from: ["viewer-token"] } } });
const path = "/v1/cutovers/ticket-state/metrics";
const counts = {
  ...{ stage: "shadow", operation: "read", since: null, calls: 1, failed: 0, timeouts: 0 },
  ...{ equal: 1, different: 0, unknown: 0, dropped: 0, totalMs: 1.5, maxMs: 1.5 },
};

let site: Site;
beforeAll(async () => {
  site = await openSite({ cutovers: [cutover] });
});
afterAll(() => site?.[Symbol.asyncDispose]());

const enter = async (phase: Phase) => {
  const { engine } = site.runtime.context;
  await engine.transaction(async (tx) => {
    const stored = await storedCutover(tx, engine.dialect, cutover);
    const at = new Date().toISOString();
    await saveCutover(tx, engine.dialect, { ...stored, phase, state: "entered", since: at }, { operator: "ada", at });
  });
};
const post = (body: unknown, key?: string, who: "viewer" | null = "viewer", to = path) =>
  site.send(who, "POST", to, body, key === undefined ? {} : { "idempotency-key": key });
const total = async () => (await site.send("viewer", "GET", path)).body.total as Record<string, number>;
const comparisons = async () => {
  const { conditions } = (await site.send("operator", "POST", "/v1/cutovers/ticket-state/gate", {})).body;
  return (conditions as { id: string }[]).find(({ id }) => id === "comparisons");
};

test("an application's shadow reads open the gate and close it: client, server, target, command line", async () => {
  await enter(2);
  const flags = new FlagClient({ url: site.url, token: site.tokens.viewer });
  const told: Metric[] = [];
  // Whose answer is lost on the way back: the report was counted, and goes again under its key.
  let lost = 2;
  const reporter = new MetricReporter({
    ...{ url: site.url, token: site.tokens.viewer, onMetric: (metric) => told.push(metric) },
    fetch: async (...request) => {
      const answer = await fetch(...request);
      if (lost-- > 0) throw new TypeError("the connection was reset");
      return answer;
    },
  });
  const state = new ColumnSwitch({ flags, cutover: "ticket-state", onMetric: reporter.count });
  const codes = ["sold", "sold", "void", "sold", "reserved"];
  const getState = state.reader({
    legacy: (n: number) => codes[n % 5],
    new: (n: number) => (n < 5 ? codes[n] : "void"),
  });
  const setState = state.writer({ legacy: () => "paid", new: () => Promise.reject(new Error("ada@example.org")) });
  // It has not heard of the phase yet: what it reads is not compared, and what it writes names no phase.
  await setState();
  expect(await flags.refresh()).toBe(true);
  expect([flags.stage("ticket-state"), flags.since("ticket-state")]).toEqual([
    "shadow",
    (await site.send("viewer", "GET", path)).body.phase && expect.stringMatching(/Z$/),
  ]);
  for (let n = 0; n < 5; n++) await getState(n);
  await state.idle();
  expect([await reporter.flush(), await reporter.flush(), await reporter.flush()]).toEqual([false, false, true]);
  expect(told.map((each) => each.kind === "report" && each.outcome)).toEqual(["kept", "kept", "sent"]);
  const { body } = await site.send("viewer", "GET", path);
  expect(body).toMatchObject({
    cutover: "ticket-state",
    total: { calls: 6, failed: 1, compared: 5, equal: 5, different: 0, dropped: 0 },
    stages: [
      { stage: "dualwrite", operation: "write", reporter: "viewer-token", calls: 1, failed: 1 },
      { stage: "shadow", operation: "read", reporter: "viewer-token", calls: 5, compared: 5 },
    ],
    phase: { since: flags.since("ticket-state"), equal: 5, different: 0 },
  });
  expect(await comparisons()).toMatchObject({ holds: true, measured: 5 });

  for (let n = 3; n < 6; n++) await getState(n);
  await state.idle();
  await reporter.close();
  expect(await comparisons()).toMatchObject({ holds: false, why: expect.stringContaining("1 of 8 were different") });
  expect((await site.send("viewer", "GET", "/v1/cutovers/ticket-state")).body).toMatchObject({
    metrics: { total: { compared: 8, different: 1 } },
    next: { phase: 3, needs: expect.arrayContaining(["comparisons"]) },
  });
  const config = join(site.home, "runback.config.ts");
  const from = (path: string) => JSON.stringify(new URL(`../../packages/${path}/src/index.ts`, import.meta.url).href);
  await writeFile(
    config,
    `import { ticketState } from ${from("attendance")}; export default { migrations: [], cutovers: [ticketState] };`,
  );
  const place = { config, databaseUrl: site.databaseUrl, vaultUrl: pathToFileURL(join(site.home, "vault")).href };
  expect((await runCli(place, ["cutover", "show", "ticket-state"])).stdout).toMatch(
    new RegExp(
      [
        "applications, since 20\\S+Z: 8 reads compared, 1 different",
        "  calls of the other side: 9, 1 failed, 0 took too long, [\\d.]+ ms on average, at most [\\d.]+ ms",
      ].join("\n"),
    ),
  );
  // Neither logs nor tables hold what was read.
  expect(site.log()).not.toContain("ada@example.org");
  const rows = await query(site.databaseUrl, "SELECT * FROM runback.cutover_metrics");
  expect(JSON.stringify(rows)).not.toMatch(/ada@|reserved/);
});

test("a report counts once for its key, and again without one", async () => {
  const before = await total();
  for (let time = 0; time < 3; time++)
    expect(await post({ counts: [counts] }, "once")).toMatchObject({ status: 200, body: { counted: true } });
  expect((await post({ counts: [{ ...counts, equal: 2 }] }, "once")).body.code).toBe("IDEMPOTENCY_MISMATCH");
  expect((await total()).equal).toBe(before.equal! + 1);
  // The process fell after it had counted, before it kept the answer: the key is free again, the report is known.
  await query(site.databaseUrl, "DELETE FROM runback.idempotency");
  expect(await post({ counts: [counts] }, "once")).toMatchObject({ status: 200, body: { counted: false } });
  expect((await total()).equal).toBe(before.equal! + 1);
  for (let time = 0; time < 2; time++) await post({ counts: [counts] });
  expect((await total()).equal).toBe(before.equal! + 3);
});

test("rubbish is refused whole, with a code", async () => {
  const before = await total();
  const bad = (change: object) => ({ counts: [counts, { ...counts, stage: "live", ...change }] });
  const rubbish: [unknown, number, string][] = [
    [{}, 400, "REQUEST_INVALID"],
    [[], 400, "REQUEST_INVALID"],
    [{ counts: [] }, 400, "REQUEST_INVALID"],
    [{ counts: Array.from({ length: 101 }, () => counts) }, 400, "REQUEST_INVALID"],
    [{ counts: [counts], more: 1 }, 400, "REQUEST_INVALID"],
    [bad({ value: "sold" }), 400, "REQUEST_INVALID"],
    [bad({ stage: "shadows" }), 400, "REQUEST_INVALID"],
    [bad({ operation: "delete" }), 400, "REQUEST_INVALID"],
    [bad({ since: "yesterday" }), 400, "REQUEST_INVALID"],
    [bad({ calls: -1 }), 400, "REQUEST_INVALID"],
    [bad({ calls: 1.5 }), 400, "REQUEST_INVALID"],
    [bad({ calls: 1e12 }), 400, "REQUEST_INVALID"],
    [bad({ equal: "1" }), 400, "REQUEST_INVALID"],
    [bad({ totalMs: null }), 400, "REQUEST_INVALID"],
    [bad({ failed: 2 }), 422, "METRICS_INVALID"],
    [bad({ maxMs: 2 }), 422, "METRICS_INVALID"],
    [bad({ operation: "write" }), 422, "METRICS_INVALID"],
    [bad({ stage: "off" }), 422, "METRICS_INVALID"],
    [bad({ stage: "shadow" }), 422, "METRICS_INVALID"],
  ];
  for (const [body, status, code] of rubbish) {
    const answer = await post(body, "rubbish");
    expect([answer.status, answer.body.code, answer.headers.get("content-type")], JSON.stringify(body)).toEqual([
      ...[status, code, "application/problem+json"],
    ]);
  }
  expect((await post({ counts: [counts] }, undefined, null)).status).toBe(401);
  const unknown = await post({ counts: [counts] }, undefined, "viewer", "/v1/cutovers/nothing/metrics");
  expect(unknown).toMatchObject({ status: 404, body: { code: "CUTOVER_UNKNOWN" } });
  expect((await site.send("viewer", "GET", "/v1/cutovers/nothing/metrics")).body.code).toBe("CUTOVER_UNKNOWN");
  expect(await total()).toEqual(before);
});
