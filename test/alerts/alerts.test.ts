import { type AlertFinding, RunbackError, silentLogger } from "@runback/core";
import {
  acknowledgeAlert,
  type Context,
  deliverAlerts,
  listAlerts,
  type Receiver,
  raiseAlert,
  resolveAlert,
  watch,
} from "@runback/operations";
import { alertSender } from "@runback/runtime";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freshTarget, type TestTarget } from "../support/engines.ts";
import { half, rotatedEngines } from "../support/rotated-engines.ts";
import { type ReceiverServer, receiverServer } from "./receiver-server.ts";

const secret = `whsec_${Buffer.from("a secret of thirty-two bytes, ok").toString("base64")}`;
const finding: AlertFinding = {
  check: "verification:wild-apricot",
  target: "default",
  severity: "critical",
  title: "The target is not what the import left",
  code: "CHECKS_FAILED",
  reasons: ["row-content: 3 rows differ"],
  runId: "run-20260115-143000-1a2b3c",
};

describe.each(half(rotatedEngines, 1))("alerts on %s", (name) => {
  let target: TestTarget;
  let server: ReceiverServer;
  let now: number;
  let context: Context;
  let receiver: Receiver;
  const send = alertSender(2_000);
  const engine = () => target.engine;
  const clock = { now: () => new Date(now) };
  const fail = (change: Partial<AlertFinding> = {}) =>
    engine().transaction((tx) => raiseAlert(tx, engine().dialect, { ...finding, ...change }, clock.now()));
  const pass = (check = finding.check) =>
    engine().transaction((tx) => resolveAlert(tx, engine().dialect, { ...finding, check }, clock.now()));
  const deliver = (receivers = [receiver]) =>
    deliverAlerts(context, { receivers, send, budgetMs: 60_000, random: () => 0 });
  const types = () => [...server.kept.values()].map(({ body }) => JSON.parse(body).type);

  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(() => target[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const table of ["alerts", "alert_events", "alert_deliveries"]) {
      await engine().query(`DELETE FROM ${engine().dialect.table({ schema: "runback", name: table })}`);
    }
    now = Date.parse("2026-01-15T02:00:00.000Z");
    server = await receiverServer();
    receiver = { name: "ops", format: "webhook", url: server.url, secret, allowPrivate: true };
    context = { engine: engine(), clock, logger: silentLogger } as Context;
    return () => server[Symbol.asyncDispose]();
  });

  test("1,000 failures page once, and the next pass resolves once", async () => {
    for (let failures = 0; failures < (name === "data-api" ? 100 : 1_000); failures++) await fail();
    await deliver();
    await pass();
    await pass();
    await deliver();
    expect(types()).toEqual(["runback.alert.opened", "runback.alert.resolved"]);
    expect(server.requests).toBe(2);
    const { alerts } = await listAlerts(context, { all: true });
    expect(alerts).toMatchObject([{ state: "resolved", occurrences: name === "data-api" ? 100 : 1_000 }]);
    expect((await listAlerts(context, {})).alerts).toEqual([]);
  });

  test("sessions that find the same failure at once open one alert", async () => {
    if (!engine().capabilities.concurrentSessions) return;
    await Promise.all(Array.from({ length: 8 }, () => fail()));
    expect((await listAlerts(context, {})).alerts).toMatchObject([{ occurrences: 8 }]);
    await deliver();
    expect(server.requests).toBe(1);
  });

  test("a monitor's alert says what it says in ids and counts, and nothing of what a driver says", async () => {
    const about = { check: "monitor:completion", target: "default", severity: "error", title: "Not closed" } as const;
    const watched = (error: unknown) => watch(context, about, () => Promise.reject(error)).catch(() => {});
    const failed = new RunbackError("COMPLETION_INCOMPLETE", "1 event(s) could not be closed.", {
      recovery: "Close it by hand.",
      details: { reasons: ["event 20: EVENT_TIMES_INVALID", { row: "Ada" }] },
    });
    await watched(failed);
    const told = async () =>
      (await listAlerts(context, { limit: 10 })).alerts.map(({ code, reasons }) => [code, reasons]);
    expect(await told()).toEqual([["COMPLETION_INCOMPLETE", ["event 20: EVENT_TIMES_INVALID"]]]);
    await watched(Object.assign(new Error("duplicate key: Ada"), { details: { reasons: ["Ada"] } }));
    expect(await told()).toEqual([["UNEXPECTED", []]]);
  });

  test("what a transaction takes back was never found", async () => {
    const undone = engine().transaction(async (tx) => {
      await raiseAlert(tx, engine().dialect, finding, clock.now());
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    await deliver();
    expect(server.requests).toBe(0);
    expect((await listAlerts(context, { all: true })).alerts).toEqual([]);
  });

  test("a receiver that answers 500, hangs or resets keeps every alert exactly once in the end, in order", async () => {
    server.faults = ["500", "hang", "reset", "late reset", "500"];
    await fail();
    await pass();
    await fail({ check: "schedule:snapshot-verification" });
    for (let tries = 0; tries < 9; tries++) {
      await deliver();
      now += 8 * 3_600_000;
    }
    expect(types().sort()).toEqual(["runback.alert.opened", "runback.alert.opened", "runback.alert.resolved"]);
    const of = [...server.kept.values()].map(({ body }) => JSON.parse(body)).filter((e) => e.subject === finding.check);
    expect(of.map((event) => event.type)).toEqual(["runback.alert.opened", "runback.alert.resolved"]);
    await deliver();
    expect(server.faults).toEqual([]);
    // Five faults, one of which had kept it; nothing is sent again afterwards.
    expect(server.requests).toBe(5 + 3);
  });

  test("two deliverers at once send nothing twice", async () => {
    for (let at = 0; at < 10; at++) await fail({ check: `schedule:${at}` });
    await Promise.all([deliver(), deliver(), deliver()]);
    expect(server.requests).toBe(10);
  });

  test("a receiver that stays away for a day is given up and listed; others had it at once", async () => {
    await using other = await receiverServer();
    const well: Receiver = { name: "slack", format: "slack", url: other.url, allowPrivate: true };
    server.faults = Array.from({ length: 100 }, () => "500" as const);
    await fail();
    expect(await deliver([receiver, well])).toEqual({ delivered: 1, failed: 1, dead: 0 });
    for (let tries = 0; tries < 12; tries++) {
      now += 9 * 3_600_000;
      await deliver([receiver, well]);
    }
    expect((await listAlerts(context, {})).dead).toEqual([{ receiver: "ops", deliveries: 1 }]);
    expect(server.requests).toBe(11);
    expect(other.requests).toBe(1);
    expect(JSON.parse([...other.kept.values()][0]!.body).text).toContain("The target is not what the import left");
  });

  test("the signature verifies with the reference library, and the body is a CloudEvent of ids and counts", async () => {
    now = Date.now();
    await fail();
    await deliver();
    const { body, headers } = [...server.kept.values()][0]!;
    const event = new Webhook(secret).verify(body, headers);
    expect(event).toMatchObject({
      specversion: "1.0",
      id: headers["webhook-id"],
      source: "runback/default",
      type: "runback.alert.opened",
      subject: finding.check,
      data: { code: "CHECKS_FAILED", severity: "critical", reasons: finding.reasons, runId: finding.runId },
    });
    expect(() => new Webhook(secret).verify(body.replace("critical", "warning"), headers)).toThrow();
  });

  test("an alert is acknowledged once, by name, and still resolved by a pass", async () => {
    await fail();
    const { id } = (await listAlerts(context, {})).alerts[0]!;
    expect(await acknowledgeAlert(context, id, "maria")).toMatchObject({
      state: "acknowledged",
      acknowledgedBy: "maria",
    });
    await acknowledgeAlert(context, id, "jonas");
    await fail();
    expect((await listAlerts(context, {})).alerts).toMatchObject([{ acknowledgedBy: "maria", occurrences: 2 }]);
    await deliver();
    expect(types()).toEqual(["runback.alert.opened", "runback.alert.acknowledged"]);
    // Nothing personal leaves.
    for (const { body } of server.kept.values()) expect(body).not.toContain("maria");
    await pass();
    await expect(acknowledgeAlert(context, id, "maria")).rejects.toMatchObject({ code: "ALERT_RESOLVED" });
    await expect(acknowledgeAlert(context, "alert-none", "maria")).rejects.toMatchObject({ code: "ALERT_NOT_FOUND" });
  });

  test("a receiver in a private network is refused unless allowed, and nothing is sent", async () => {
    await fail();
    const { allowPrivate: _, ...private_ } = receiver as Receiver & { allowPrivate: true };
    expect(await deliver([private_ as Receiver])).toMatchObject({ delivered: 0, failed: 1 });
    expect(server.requests).toBe(0);
  });
});
