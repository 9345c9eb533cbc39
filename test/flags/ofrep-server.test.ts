import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { attendeeStatus, ticketState } from "@runback/attendance";
import type { Phase } from "@runback/core";
import { FlagClient, type Metric } from "@runback/flags";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { query } from "../api/support/digests.ts";
import { openSite, type Site } from "../api/support/site.ts";

let site: Site;

beforeAll(async () => {
  site = await openSite({ cutovers: [attendeeStatus, ticketState] });
});

afterAll(async () => {
  await OpenFeature.close();
  await site?.[Symbol.asyncDispose]();
});

/** As the verbs of cutovers leave it in the target. */
const enter = async (phase: Phase) => {
  const { engine } = site.runtime.context;
  await engine.transaction(async (tx) => {
    const stored = await storedCutover(tx, engine.dialect, attendeeStatus);
    const at = "2026-01-15T14:30:00.000Z";
    await saveCutover(tx, engine.dialect, { ...stored, phase, state: "entered" }, { operator: "ada", at });
  });
};

const provider = (token: string) =>
  new OFREPProvider({ baseUrl: site.url, headers: [["Authorization", `Bearer ${token}`]] });

const all = (headers: Record<string, string> = {}) =>
  site.send("viewer", "POST", "/ofrep/v1/evaluate/flags", { context: {} }, headers);

test("OpenFeature's SDK reads the phases that the target keeps, with a viewer's token", async () => {
  await OpenFeature.setProviderAndWait(provider(site.tokens.viewer));
  const client = OpenFeature.getClient();
  const flags = async () => [
    await client.getBooleanValue("status_v2_dual_write", false),
    await client.getBooleanValue("status_v2_read_pivot", false),
    await client.getStringValue("attendee-status", "none"),
    await client.getStringValue("ticket-state", "none"),
  ];
  // Never begun is phase 0.
  expect(await flags()).toEqual([false, false, "off", "off"]);
  await enter(1);
  expect(await flags()).toEqual([true, false, "dualwrite", "off"]);
  await enter(3);
  expect(await flags()).toEqual([true, true, "live", "off"]);
  expect(await client.getBooleanDetails("no_such_flag", true)).toMatchObject({
    value: true,
    errorCode: "FLAG_NOT_FOUND",
  });
});

test("the entity tag holds while no phase changes, whoever asks", async () => {
  await enter(1);
  const first = await all();
  const etag = first.headers.get("etag")!;
  const again = await all({ "if-none-match": etag });
  expect([first.status, again.status, again.text, again.headers.get("etag")]).toEqual([200, 304, "", etag]);
  await enter(2);
  const changed = await all({ "if-none-match": etag });
  expect(changed.status).toBe(200);
  expect(changed.headers.get("etag")).not.toBe(etag);
});

test("a wrong token, or none, gets no flag; a client goes on with what it knows", async () => {
  await enter(1);
  for (const headers of [{}, { authorization: "Bearer wrong" }]) {
    const refused = await site.send(null, "POST", "/ofrep/v1/evaluate/flags", {}, headers);
    expect([refused.status, refused.headers.get("www-authenticate")?.slice(0, 6)]).toEqual([401, "Bearer"]);
  }
  await OpenFeature.setProviderAndWait(provider("wrong"));
  const details = await OpenFeature.getClient().getBooleanDetails("status_v2_dual_write", false);
  expect(details).toMatchObject({ value: false, reason: "ERROR" });
  const metrics: Metric[] = [];
  const client = new FlagClient({ url: site.url, token: "wrong", onMetric: (metric) => metrics.push(metric) });
  expect([await client.refresh(), client.stage("attendee-status")]).toEqual([false, "dualwrite"]);
  expect(metrics).toMatchObject([{ kind: "refresh", outcome: "kept" }]);
});

test("phases that cannot be read are a 500, never a guess, and clients keep their last known value", async () => {
  await enter(2);
  const client = new FlagClient({ url: site.url, token: site.tokens.viewer });
  expect([await client.refresh(), client.stage("attendee-status")]).toEqual([true, "shadow"]);
  await OpenFeature.setProviderAndWait(provider(site.tokens.viewer));
  await query(site.databaseUrl, "ALTER TABLE runback.cutovers RENAME TO elsewhere");
  for (const path of ["", "/attendee-status"]) {
    const answer = await site.send("viewer", "POST", `/ofrep/v1/evaluate/flags${path}`, {});
    expect([answer.status, answer.body.errorCode]).toEqual([500, "GENERAL"]);
    expect(answer.text).not.toContain("runback.");
  }
  expect([await client.refresh(), client.stage("attendee-status")]).toEqual([false, "shadow"]);
  const details = await OpenFeature.getClient().getStringDetails("attendee-status", "mine");
  expect(details).toMatchObject({ value: "mine", reason: "ERROR" });
  await query(site.databaseUrl, "ALTER TABLE runback.elsewhere RENAME TO cutovers");
  expect([await client.refresh(), client.stage("attendee-status")]).toEqual([true, "shadow"]);
});
