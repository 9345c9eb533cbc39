import type { Alert } from "@runback/core";
import { readAll } from "@runback/vault";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, type Site } from "../api/support/site.ts";

let site: Site;
let runId: string;
const alerts = async (all = false) =>
  (await site.send("viewer", "GET", `/v1/alerts?all=${all}`)).body.alerts as unknown as Alert[];
const sql = (text: string) => site.runtime.context.engine.script(text);

beforeAll(async () => {
  site = await openSite();
  runId = (await site.runtime.import({ operator: "maria", dryRun: false })).runId;
});
afterAll(() => site[Symbol.asyncDispose]());

test("a verification that fails opens an alert, and the next that passes resolves it", async () => {
  await sql(`UPDATE "Member" SET phone = 'x' || coalesce(phone, '')`);
  for (let times = 0; times < 3; times++) {
    expect((await site.send("operator", "POST", "/v1/verifications", { bundle: runId })).status).toBe(201);
  }
  const [alert, ...more] = await alerts();
  expect(more).toEqual([]);
  expect(alert).toMatchObject({
    check: "verification:membership",
    code: "VERIFICATION_FAILED",
    occurrences: 3,
    runId,
    state: "open",
  });
  expect(alert!.reasons).toContain("row-content failed");
  await sql(`UPDATE "Member" SET phone = nullif(substr(phone, 2), '')`);
  await site.runtime.verify(runId);
  expect(await alerts()).toEqual([]);
  expect(await alerts(true)).toMatchObject([{ id: alert!.id, state: "resolved" }]);
});

test("a run that fails opens one, by its code alone, and the next that completes resolves it", async () => {
  await sql(`ALTER TABLE "Member" ADD CONSTRAINT refuses CHECK (phone IS NULL) NOT VALID`);
  await sql(`UPDATE "Member" SET phone = NULL`);
  await expect(site.runtime.import({ operator: "maria", dryRun: false })).rejects.toThrow();
  const [alert] = await alerts();
  expect(alert).toMatchObject({ check: "run:import:membership", severity: "error", reasons: [] });
  expect(JSON.stringify(alert)).not.toContain("+1");
  await sql(`ALTER TABLE "Member" DROP CONSTRAINT refuses`);
  await site.runtime.import({ operator: "maria", dryRun: false });
  expect(await alerts()).toEqual([]);
});

test("a monitor that fails opens one; acknowledged over HTTP by the token's name; its next pass resolves it", async () => {
  const failed = await site.send("operator", "POST", "/v1/monitors/snapshot-verification/runs", {});
  expect(failed).toMatchObject({ status: 409, body: { code: "SNAPSHOT_MISSING" } });
  const [alert] = await alerts();
  expect(alert).toMatchObject({ check: "monitor:snapshot-verification", code: "SNAPSHOT_MISSING" });
  const { body } = await site.send("viewer", "GET", "/v1/monitors");
  expect(body.monitors).toContainEqual(
    expect.objectContaining({ name: "snapshot-verification", alert: expect.objectContaining({ id: alert!.id }) }),
  );
  expect((await site.send("viewer", "POST", `/v1/alerts/${alert!.id}/acknowledge`, {})).status).toBe(403);
  const acknowledged = await site.send("operator", "POST", `/v1/alerts/${alert!.id}/acknowledge`, {});
  expect(acknowledged).toMatchObject({ status: 200, body: { state: "acknowledged" } });
  await site.runtime.snapshots.create({ operator: "maria" });
  expect((await site.send("operator", "POST", "/v1/monitors/snapshot-verification/runs", {})).status).toBe(200);
  expect(await alerts()).toEqual([]);
  expect((await site.send("operator", "POST", "/v1/monitors/nothing/runs", {})).body.code).toBe("MONITOR_UNKNOWN");
});

test("a restore that fails opens one, and the next that completes resolves it", async () => {
  const { vault } = site.runtime.context;
  const { snapshotId, sha256 } = await site.runtime.snapshots.create({ operator: "maria", retainDays: 0 });
  const approved = { digest: sha256, action: "snapshot:restore", requestedBy: "maria", approvedBy: "jonas" };
  const { id: approval } = await site.runtime.approve(approved);
  const restore = () => site.runtime.snapshots.restore({ snapshotId, operator: "maria", approval });
  const keys: string[] = [];
  for await (const { key } of vault.list(`snapshots/${snapshotId}/data/`)) keys.push(key);
  const whole = await readAll(vault.get(keys[0]!), 1_000_000);
  await vault.put(keys[0]!, Buffer.from("damaged"));
  await expect(restore()).rejects.toThrow();
  expect(await alerts()).toMatchObject([{ check: expect.stringMatching(/^run:restore:/), severity: "error" }]);
  await vault.put(keys[0]!, whole);
  await restore();
  expect(await alerts()).toEqual([]);
});
