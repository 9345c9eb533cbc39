import { ticketState } from "@runback/attendance";
import type { Alert } from "@runback/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newestEvidence } from "../../packages/operations/src/cutover/evidence.ts";
import { openSite, type Site } from "../api/support/site.ts";

const cutover = { ...ticketState, gates: { cleanMonitorRuns: 1, observationHours: { 3: 0, 4: 0, 5: 0 } } };
const many = 50_000;
const path = "/v1/cutovers/ticket-state";

let site: Site;
const sql = (text: string) => site.runtime.context.engine.query(text);
const post = (what: string, body: object = {}, key?: string, who: "operator" | "viewer" = "operator") =>
  site.send(who, "POST", `${path}/${what}`, body, key === undefined ? {} : { "idempotency-key": key });
const monitor = () => site.send("operator", "POST", "/v1/monitors/cutover-ticket-state/runs", {});
const alerts = async (all = false) =>
  (await site.send("viewer", "GET", `/v1/alerts?all=${all}`)).body.alerts as unknown as Alert[];

beforeAll(async () => {
  site = await openSite({ cutovers: [cutover] });
  await sql(
    "CREATE TABLE event_tickets (event_id integer, ticket_no integer, state text, PRIMARY KEY (event_id, ticket_no))",
  );
  await sql(`INSERT INTO event_tickets SELECT 1, n, 'paid' FROM generate_series(1, ${many}) AS n`);
  const { snapshotId } = await site.runtime.snapshots.create({ operator: "maria" });
  expect((await site.runtime.snapshots.verify(snapshotId, "maria")).ok).toBe(true);
});
afterAll(() => site[Symbol.asyncDispose]());

test("moves over HTTP: once for a key, refused while the gate is closed, for operators only", async () => {
  expect((await site.send("viewer", "GET", "/v1/cutovers")).body.cutovers).toMatchObject([
    { cutover: "ticket-state", state: "planned", stage: "off", next: { phase: 0 } },
  ]);
  expect((await site.send("viewer", "GET", "/v1/cutovers/nothing")).body.code).toBe("CUTOVER_UNKNOWN");
  expect((await post("advance", {}, undefined, "viewer")).status).toBe(403);
  const first = await post("advance", {}, "to-0");
  expect(first).toMatchObject({ status: 200, body: { moved: true, to: { phase: 0, state: "entered" } } });
  expect((await post("advance", {}, "to-0")).body).toEqual(first.body);
  expect((await post("advance", { to: "1" })).body).toMatchObject({ moved: true });
  const closed = await post("gate");
  expect(closed).toMatchObject({ status: 200, body: { open: false, to: { phase: 2 } } });
  expect(await post("advance")).toMatchObject({ status: 409, body: { code: "GATE_CLOSED" } });
  expect((await site.send("viewer", "GET", path)).body).toMatchObject({
    ...{ phase: 1, flags: { state_code_dual_write: true }, gate: { open: false } },
    history: [{ kind: "gate" }, { kind: "gate" }, { kind: "advance" }, { kind: "gate" }, { kind: "advance" }, {}],
  });
  expect((await post("retreat", { to: "1" })).body).toMatchObject({ moved: false });
  expect((await post("advance", { to: "6" })).status).toBe(400);
  expect((await post("gate", { guardReport: { passed: true } })).body.code).toBe("GUARD_REPORT_INVALID");
});

test("one bad row among many closes the gate in the next run of the monitor, and the alert resolves when it is put right", async () => {
  // Every row is written once more, which the bridge sees.
  await sql("UPDATE event_tickets SET state = 'ok'");
  expect((await monitor()).status).toBe(200);
  expect((await post("advance", { to: "2" })).body).toMatchObject({ moved: true });
  expect((await monitor()).status).toBe(200);
  expect((await post("gate")).body).toMatchObject({ open: true });

  await sql("ALTER TABLE event_tickets DISABLE TRIGGER USER");
  await sql(`UPDATE event_tickets SET state = 'void' WHERE ticket_no = ${many / 2}`);
  await sql("ALTER TABLE event_tickets ENABLE TRIGGER USER");
  for (let run = 0; run < 3; run++) {
    const failed = await monitor();
    expect(failed).toMatchObject({ status: 409, body: { code: "CUTOVER_MISMATCH" } });
  }
  const [alert, ...more] = await alerts();
  expect(more).toEqual([]);
  expect(alert).toMatchObject({ check: "monitor:cutover-ticket-state", code: "CUTOVER_MISMATCH", occurrences: 3 });
  const gate = (await post("gate")).body as { conditions: { id: string; holds: boolean; measured: unknown }[] };
  expect(gate.conditions.filter(({ holds }) => !holds)).toMatchObject([
    { id: "mismatched", measured: 1 },
    { id: "monitor-runs", measured: 0 },
  ]);
  await sql(`UPDATE event_tickets SET state_code = 'void', state = 'void' WHERE ticket_no = ${many / 2}`);
  expect((await monitor()).status).toBe(200);
  expect(await alerts()).toEqual([]);
  expect((await post("advance", { to: "3" })).body).toMatchObject({ moved: true });
  const compare = (comparing: boolean) =>
    site.send("operator", "PUT", "/v1/cutovers/ticket-state/comparing", { comparing });
  expect((await compare(false)).body).toMatchObject({ phase: 3, stage: "rampdown" });
  expect((await compare(true)).body).toMatchObject({ phase: 3, stage: "live" });
  const { engine } = site.runtime.context;
  const runs = await newestEvidence(engine, engine.dialect, { cutover: "ticket-state", kind: "monitor", limit: 10 });
  expect(runs.map(({ outcome }) => outcome)).toEqual(["clean", "failed", "failed", "failed", "clean", "clean"]);
  expect(runs[1]!.data).toMatchObject({ counts: { total: many, mismatched: 1 }, problems: { mismatched: 1 } });
});

test("a table that is gone raises an alert as well: what cannot be counted is not well", async () => {
  await sql("ALTER TABLE event_tickets RENAME TO elsewhere");
  expect((await monitor()).body).toMatchObject({ code: "CUTOVER_UNMEASURED" });
  expect(await alerts()).toMatchObject([{ code: "CUTOVER_UNMEASURED" }]);
  await sql("ALTER TABLE elsewhere RENAME TO event_tickets");
  expect(await site.runtime.monitors.runCutovers()).toBe(1);
  expect(await alerts()).toEqual([]);
});
