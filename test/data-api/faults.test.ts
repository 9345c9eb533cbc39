import { type Engine, RunbackError } from "@runback/core";
import { openDataApi } from "@runback/engines";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "./faults.ts";
import { credentials, type DataApiTarget, freshDataApi } from "./fresh-data-api.ts";

describe("faults of the service and of the way to it", () => {
  let target: DataApiTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshDataApi();
    engine = target.engine;
    await engine.script("CREATE TABLE t (n int)");
  });
  afterAll(() => target[Symbol.asyncDispose]());
  beforeEach(async () => {
    await engine.query("DELETE FROM t");
  });

  const add = () => engine.transaction((tx) => tx.query("INSERT INTO t VALUES (1)"));
  const rows = async () => (await engine.query("SELECT FROM t")).count;
  const fault = (each: Fault) => target.server.faults.add(each);

  test.each([
    [
      "DatabaseResumingException",
      "The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds and try again.",
    ],
    [
      "BadRequestException",
      "The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds and try again.",
    ],
    ["ThrottlingException", "Rate exceeded"],
  ])("%s is waited for, at every call, and nothing is done twice", async (type, message) => {
    for (const operation of ["BeginTransaction", "Execute", "CommitTransaction"] as const) {
      fault({ operation, when: "before", answer: { type, message }, times: 4 });
    }
    await add();
    expect(target.server.faults.left).toBe(0);
    expect(await rows()).toBe(1);
  });

  test("a cluster that never wakes up is unreachable", async () => {
    const waits: number[] = [];
    const impatient = await openDataApi(target.url, {
      credentials,
      patienceMs: 1_000,
      pause: async (ms) => {
        waits.push(ms);
      },
    });
    fault({
      operation: "BeginTransaction",
      when: "before",
      answer: { type: "DatabaseResumingException", message: "resuming" },
      times: 50,
    });
    await expect(impatient.query("SELECT 1 AS one")).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(1_000);
    while (target.server.faults.take("BeginTransaction", ""));
    await impatient.close();
  });

  test("a BEGIN whose request was lost is sent again", async () => {
    fault({ operation: "BeginTransaction", when: "before", answer: "reset" });
    await add();
    expect(await rows()).toBe(1);
  });

  test.each(["before", "after"] as const)(
    "a statement whose connection breaks %s it ran is not sent again",
    async (when) => {
      fault({ operation: "Execute", sql: /^INSERT/, when, answer: "reset" });
      await expect(add()).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
      expect(await rows()).toBe(0);
    },
  );

  test("a service that fails inside is unreachable, and the step is undone", async () => {
    fault({
      operation: "Execute",
      sql: /^INSERT/,
      when: "after",
      answer: { type: "InternalServerErrorException", message: "", status: 500 },
    });
    await expect(add()).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    expect(await rows()).toBe(0);
  });

  test("a COMMIT whose answer was lost took place, and is found to have", async () => {
    fault({ operation: "CommitTransaction", when: "after", answer: "reset" });
    await add();
    expect(await rows()).toBe(1);
  });

  test("a COMMIT that never arrived is told from one that did, and the transaction is over", async () => {
    fault({ operation: "CommitTransaction", when: "before", answer: "reset" });
    const adding = add();
    // Here the one session is still in that transaction, so that asking about it has to wait for its end.
    const told = expect(adding).rejects.toMatchObject({ code: "TARGET_UNREACHABLE" });
    await expect.poll(() => target.server.waiting).toBe(1);
    await target.pass(3 * 60_000);
    await told;
    expect(await rows()).toBe(0);
  });

  test("a COMMIT that the database refuses is its error", async () => {
    await engine.script(
      "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
    );
    await expect(engine.query("INSERT INTO c VALUES (1)")).rejects.toMatchObject({ code: "23503" });
    expect((await engine.query("SELECT FROM c")).count).toBe(0);
  });

  test("a statement that runs too long", async () => {
    fault({
      operation: "Execute",
      sql: /^INSERT/,
      when: "before",
      answer: { type: "StatementTimeoutException", message: "Request timed out" },
    });
    await expect(add()).rejects.toMatchObject({ code: "STATEMENT_TIMEOUT" });
    expect(await rows()).toBe(0);
  });

  test.each([
    ["another database", (url: string) => url.replace("database=test", "database=other")],
    ["another secret", (url: string) => url.replace("secret:test-AbCdEf", "secret:other-AbCdEf")],
  ])("%s is refused", async (_, change) => {
    const other = await openDataApi(change(target.url), { credentials });
    await expect(other.query("SELECT 1 AS one")).rejects.toMatchObject({ code: "TARGET_REFUSED" });
    await other.close();
  });

  test("another key is refused: the service checks who signed", async () => {
    const other = await openDataApi(target.url, { credentials: { ...credentials, secretAccessKey: "wrong" } });
    await expect(other.query("SELECT 1 AS one")).rejects.toMatchObject({ code: "TARGET_REFUSED" });
    await other.close();
  });

  test("nobody listens", async () => {
    const url = target.url.replace(/endpoint=.*/, "endpoint=http://127.0.0.1:1");
    const nobody = await openDataApi(url, { credentials, pause: async () => {} });
    const error = await nobody.query("SELECT 1 AS one").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunbackError);
    expect(error).toMatchObject({ code: "TARGET_UNREACHABLE" });
    await nobody.close();
  });

  test("programs get no sessions of it", async () => {
    expect(engine.capabilities.programSessions).toBe(false);
    await expect(engine.sessionEnvironment(target.url, "run-1", {})).rejects.toMatchObject({ code: "RUN_NOT_NAMED" });
  });
});
