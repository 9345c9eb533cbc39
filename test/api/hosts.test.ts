import { createApi, localHost, type RunHost } from "@runback/api";
import { RunbackError } from "@runback/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { query, tableDigests } from "./support/digests.ts";
import { adminToken, answerOf, ended, importSample, openSite, type Site } from "./support/site.ts";

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site[Symbol.asyncDispose]());

/** The site's API in this process, with another host of its runs. */
async function sendVia(host: RunHost, path: string, body: unknown = undefined) {
  const api = createApi(site.runtime, { adminToken, host });
  const response = await api.request(path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await answerOf(response);
}

it("a live run that nobody executes yet keeps others out, until it is resumed", async () => {
  const asked: { runId: string; attempt: number }[] = [];
  const host: RunHost = { start: async (run) => void asked.push(run) };
  const first = await sendVia(host, "/v1/runs", { dryRun: false });
  expect(first.status).toBe(202);
  const second = await sendVia(host, "/v1/runs", { dryRun: false });
  expect([second.status, second.body.code]).toEqual([409, "LEASE_HELD"]);
  expect(second.body.details).toMatchObject({ runId: first.body.runId });
  await sendVia(host, `/v1/runs/${first.body.runId}/resume`);
  expect(asked).toEqual([
    { runId: first.body.runId, attempt: 1 },
    { runId: first.body.runId, attempt: 2 },
  ]);
  await site.send("operator", "POST", `/v1/runs/${first.body.runId}/resume`);
  expect(await ended(site, String(first.body.runId))).toMatchObject({ state: "completed" });
});

it("a host that does not take a run makes a 503, and the run can be resumed", async () => {
  const refuse = new RunbackError("RUN_NOT_STARTED", "Nobody took it.", { recovery: "Resume it.", status: 503 });
  const answer = await sendVia({ start: () => Promise.reject(refuse) }, "/v1/runs", { dryRun: true });
  expect([answer.status, answer.body.code]).toEqual([503, "RUN_NOT_STARTED"]);
  const { runs } = await site.runtime.runs({ limit: 1 });
  await site.send("operator", "POST", `/v1/runs/${runs[0]!.runId}/resume`);
  expect(await ended(site, runs[0]!.runId)).toMatchObject({ state: "completed" });
});

it("what is unexpected says nothing of itself, and its line in the log has the request's id", async () => {
  const answer = await sendVia({ start: () => Promise.reject(new Error("inner workings")) }, "/v1/runs", {
    dryRun: true,
  });
  expect([answer.status, answer.body.code]).toEqual([500, "UNEXPECTED"]);
  expect(answer.text).not.toContain("inner");
  const line = site
    .log()
    .split("\n")
    .find((each) => each.includes(String(answer.body.requestId)))!;
  expect(JSON.parse(line)).toMatchObject({ level: "error", status: 500, detail: "inner workings" });
});

it("a database's words about rows are neither in the answer nor in the log", async () => {
  const quoting = Object.assign(new Error('invalid input syntax: "maria@example.org"'), {
    code: "22P02",
    name: "PostgresError",
  });
  const answer = await sendVia({ start: () => Promise.reject(quoting) }, "/v1/runs", { dryRun: true });
  expect([answer.status, answer.body.code]).toEqual([500, "UNEXPECTED"]);
  expect(answer.text + site.log()).not.toContain("maria@example.org");
  expect(site.log()).toContain('"cause":"22P02"');
});

it("a run of another program is not gone on with", async () => {
  const runId = await importSample(site);
  await query(site.databaseUrl, `UPDATE runback.runs SET kind = 'exec', state = 'failed' WHERE run_id = '${runId}'`);
  const before = await tableDigests(site.databaseUrl);
  const answer = await site.send("operator", "POST", `/v1/runs/${runId}/resume`);
  expect([answer.status, answer.body.code]).toEqual([409, "RUN_NOT_RESUMABLE"]);
  expect(await tableDigests(site.databaseUrl)).toEqual(before);
});

it("a host that is closing takes no more runs", async () => {
  const host = localHost(site.runtime);
  await host.close();
  await expect(host.start({ runId: "run-1", attempt: 1 })).rejects.toMatchObject({
    code: "RUN_NOT_STARTED",
    status: 503,
  });
});

it("to a stranger, a database that refuses the password says nothing of its user", async () => {
  const failing = new RunbackError("TARGET_REFUSED", 'password authentication failed for user "payroll"', {
    recovery: "Check user and password.",
    status: 503,
  });
  const api = createApi({ ...site.runtime, tokens: () => Promise.reject(failing) }, {});
  for (const path of ["/v1/runs", "/"]) {
    const answer = await answerOf(
      await api.request(path, { headers: { authorization: "Bearer x", cookie: "runback_session=x" } }),
    );
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.text).not.toContain("payroll");
  }
});
