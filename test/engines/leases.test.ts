import type { Engine, LeaseRequest } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../support/engines.ts";

describe.each(engineNames)("leases on %s", (name) => {
  let target: TestTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const hour = 3_600_000;
  const request = (lease: string, holder: string, more: Partial<LeaseRequest> = {}): LeaseRequest => ({
    name: lease,
    runId: `run-${holder}`,
    holder,
    ttlMs: hour,
    ...more,
  });
  const acquire = (each: LeaseRequest) => engine.transaction((tx) => engine.store.acquireLease(tx, each));

  test("a second holder is refused while the first one's lease runs", async () => {
    const first = await acquire(request("one", "a"));
    expect(first).toMatchObject({ name: "one", holder: "a", runId: "run-a" });
    expect(await acquire(request("one", "b"))).toBeUndefined();
    expect(await engine.store.lease(engine, "one")).toEqual(first);
    expect(await acquire(request("another", "b"))).toMatchObject({ holder: "b" });
  });

  test("of twenty at once exactly one gets it", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => acquire(request("rush", `h${n}`))));
    expect(all.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  test("an expired lease goes to the next, and the old token is worth nothing", async () => {
    const old = (await acquire(request("expiring", "a", { ttlMs: -1 })))!;
    const next = (await acquire(request("expiring", "b")))!;
    expect(BigInt(next.token)).toBeGreaterThan(BigInt(old.token));
    expect(await engine.transaction((tx) => engine.store.holdLease(tx, old, hour))).toBe(false);
    await engine.transaction((tx) => engine.store.releaseLease(tx, old));
    expect(await engine.store.lease(engine, "expiring")).toEqual(next);
    expect(await engine.transaction((tx) => engine.store.holdLease(tx, next, hour))).toBe(true);
  });

  test("a holder known to be dead is replaced before its time", async () => {
    const old = (await acquire(request("dead", "a")))!;
    const next = (await acquire(request("dead", "b", { takeover: true })))!;
    expect(next.holder).toBe("b");
    expect(await engine.transaction((tx) => engine.store.holdLease(tx, old, hour))).toBe(false);
  });

  test("holding extends it", async () => {
    const lease = (await acquire(request("held", "a", { ttlMs: -1 })))!;
    expect(await engine.transaction((tx) => engine.store.holdLease(tx, lease, hour))).toBe(true);
    expect(await acquire(request("held", "b"))).toBeUndefined();
  });

  test("after release the next token is higher still, so a late holder stays out", async () => {
    const first = (await acquire(request("released", "a")))!;
    await engine.transaction((tx) => engine.store.releaseLease(tx, first));
    const second = (await acquire(request("released", "b")))!;
    expect(BigInt(second.token)).toBeGreaterThan(BigInt(first.token));
    expect(await engine.transaction((tx) => engine.store.holdLease(tx, first, hour))).toBe(false);
  });

  test("a step of a holder that was replaced meanwhile writes nothing", async () => {
    await engine.script("CREATE TABLE fenced (id int PRIMARY KEY)");
    const old = (await acquire(request("fence", "a")))!;
    await acquire(request("fence", "b", { takeover: true }));
    const step = engine.transaction(async (tx) => {
      await tx.query("INSERT INTO fenced VALUES (1)");
      if (!(await engine.store.holdLease(tx, old, hour))) throw new Error("fenced off");
    });
    await expect(step).rejects.toThrow("fenced off");
    expect((await engine.query("SELECT id FROM fenced")).count).toBe(0);
  });
});
