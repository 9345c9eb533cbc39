import { randomBytes } from "node:crypto";
import { RunbackError, silentLogger } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { wildApricotImport } from "@runback/membership";
import { type Context, type DoctorReport, doctor, init, raiseAlert } from "@runback/operations";
import postgres from "postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type OpenStore, STORES, type Store } from "../vault/stores.ts";
import { lockedS3, plainS3, testContext } from "./support.ts";

const declaration = wildApricotImport;
const receivers = () => [{ name: "channel", format: "slack", url: "https://slack.example.org" } as const];
const quiet = {
  databaseUrl: null,
  env: {},
  declaration,
  auditTable: declaration.auditTable,
  nodeVersion: "24.21.0",
  receivers,
};
const ids = [
  ...["node-version", "environment", "password", "connection", "server-version", "own-tables", "grants"],
  ...["search-path", "time-zone", "clock", "audit-protection", "write-freeze", "alerts", "vault", "object-lock"],
];

function outcome(report: DoctorReport, id: string) {
  return report.checks.find((check) => check.id === id)!;
}

describe("doctor", () => {
  let database: TestDatabase;
  let store: OpenStore;
  let context: Context;
  beforeEach(async () => {
    database = await createDatabase();
    await open(STORES[0]!, database.url);
  });
  afterEach(async () => {
    await close();
    await database.drop();
  });

  async function open(kind: Store, url: string): Promise<void> {
    store = await kind.open();
    context = {
      engine: openPostgres(url),
      vault: store.vault,
      clock: store.clock,
      logger: silentLogger,
      holder: "tests:1",
      isDead: () => false,
    };
  }
  async function close(): Promise<void> {
    await context.engine.close();
    await store.close();
  }
  const admin = async (sql: string) => {
    const session = postgres(database.url, { max: 1, onnotice: () => {} });
    await session.unsafe(sql);
    await session.end();
  };
  const objects = async () => {
    const keys: string[] = [];
    for await (const { key } of context.vault.list("")) keys.push(key);
    return keys;
  };

  test("a target that was set up passes every check", async () => {
    await admin(`ALTER DATABASE "${database.name}" SET timezone = 'UTC'`);
    await init(context, declaration);
    const report = await doctor(context, { ...quiet, databaseUrl: database.url });
    expect(report.checks.map(({ id }) => id)).toEqual(ids);
    expect(report.checks.filter((check) => check.outcome !== "PASS")).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.checks.every((check) => check.remedy === null)).toBe(true);
  });

  test("alerts that reach nobody are warned about: without a receiver, after an hour of waiting, and when given up", async () => {
    await init(context, declaration);
    const now = async (options: Parameters<typeof doctor>[1]) => outcome(await doctor(context, options), "alerts");
    expect(await now({ ...quiet, receivers: () => [] })).toMatchObject({
      outcome: "WARN",
      message: "nobody is told of failures",
    });
    expect(await now(quiet)).toMatchObject({ outcome: "PASS" });
    const finding = { check: "c", target: "t", severity: "error", title: "", code: "C", reasons: [] } as const;
    await context.engine.transaction((tx) => raiseAlert(tx, context.engine.dialect, finding, new Date(0)));
    expect(await now(quiet)).toMatchObject({ outcome: "WARN", message: "1 alerts have waited for more than an hour" });
    await admin(`INSERT INTO runback.alert_deliveries (event_id, receiver, next_at, dead_at)
      SELECT id, 'channel', at, at FROM runback.alert_events; UPDATE runback.alert_events SET addressed = 1`);
    expect(await now(quiet)).toMatchObject({ outcome: "WARN", message: "1 alerts were given up after a day of tries" });
    const unusable = () => {
      throw new RunbackError("RECEIVER_INVALID", "Receiver ops cannot be reached.", { recovery: "Set it." });
    };
    expect(await now({ ...quiet, receivers: unusable })).toMatchObject({ outcome: "FAIL" });
  });

  test("a target that was not set up yet is warned about, not failed", async () => {
    const report = await doctor(context, quiet);
    expect(report.ok).toBe(true);
    expect(outcome(report, "own-tables")).toMatchObject({ outcome: "WARN", remedy: expect.stringContaining("init") });
    expect(outcome(report, "audit-protection")).toMatchObject({ outcome: "WARN" });
  });

  test("a target that does not answer fails every check that asks it, and no other", async () => {
    await context.engine.close();
    context = { ...context, engine: openPostgres("postgres://nobody:hidden@127.0.0.1:1/nowhere") };
    const report = await doctor(context, quiet);
    expect(report.ok).toBe(false);
    expect(report.checks.filter((check) => check.outcome === "FAIL").map(({ id }) => id)).toEqual(
      ids.filter((id) => !["node-version", "environment", "password", "vault", "object-lock"].includes(id)),
    );
    expect(outcome(report, "connection").message).toContain("TARGET_UNREACHABLE");
    expect(JSON.stringify(report)).not.toContain("hidden");
  });

  test("a ledger of another Runback fails", async () => {
    await init(context, declaration);
    await admin("UPDATE runback.ledger SET sha256 = 'x' WHERE version = 2");
    expect(outcome(await doctor(context, quiet), "own-tables")).toMatchObject({
      outcome: "FAIL",
      message: expect.stringContaining("journal"),
    });
    await admin("DELETE FROM runback.ledger WHERE version = 2");
    expect(outcome(await doctor(context, quiet), "own-tables")).toMatchObject({ outcome: "WARN" });
    await admin("INSERT INTO runback.ledger (version, name, sha256) VALUES (999, 'from the future', 'x')");
    expect(outcome(await doctor(context, quiet), "own-tables")).toMatchObject({ outcome: "FAIL" });
  });

  test("missing rights are named with the statement that grants them, which makes them pass", async () => {
    await init(context, declaration);
    const role = `${database.name}_r`;
    const password = randomBytes(8).toString("hex");
    await admin(
      `CREATE ROLE "${role}" LOGIN PASSWORD '${password}'; REVOKE TEMP ON DATABASE "${database.name}" FROM PUBLIC`,
    );
    try {
      await close();
      const url = new URL(database.url);
      url.username = role;
      url.password = password;
      await open(STORES[0]!, url.href);
      // The own schema is closed to it as well: what cannot be asked fails.
      expect(outcome(await doctor(context, quiet), "own-tables").outcome).toBe("FAIL");
      const found = outcome(await doctor(context, quiet), "grants");
      expect(found.outcome).toBe("FAIL");
      for (const right of [
        "create in schema runback",
        "temporary tables",
        "create in schema public",
        "triggers on Member",
        "rows of Member",
        "triggers on AuditLog",
      ])
        expect(found.message).toContain(right);
      await admin(found.remedy!.replace(/^[^:]*: /, ""));
      const rest = outcome(await doctor(context, quiet), "grants");
      expect(rest.message).toBe("missing: create in schema runback");
      await admin(`GRANT USAGE, CREATE ON SCHEMA runback TO "${role}"`);
      expect(outcome(await doctor(context, quiet), "grants").outcome).toBe("PASS");
    } finally {
      await context.engine.close();
      await admin(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`);
    }
  });

  test.each([
    ["runback, public", "FAIL"],
    ["nowhere", "WARN"],
    ['"$user", public', "WARN"],
    ["public", "PASS"],
  ])("search_path %s: %s", async (path, expected) => {
    await init(context, declaration);
    await context.engine.close();
    await admin(
      `CREATE SCHEMA AUTHORIZATION CURRENT_USER; ALTER DATABASE "${database.name}" SET search_path = ${path}`,
    );
    context = { ...context, engine: openPostgres(database.url) };
    expect(outcome(await doctor(context, quiet), "search-path").outcome).toBe(expected);
  });

  test("a session zone that is not UTC is warned about", async () => {
    await context.engine.close();
    await admin(`ALTER DATABASE "${database.name}" SET timezone = 'America/St_Johns'`);
    context = { ...context, engine: openPostgres(database.url) };
    expect(outcome(await doctor(context, quiet), "time-zone")).toMatchObject({
      outcome: "WARN",
      message: expect.stringContaining("St_Johns"),
    });
  });

  test.each([
    [0, "PASS"],
    [10_000, "WARN"],
    [120_000, "FAIL"],
    [-120_000, "FAIL"],
  ])("clocks that differ by %i ms: %s", async (ms, expected) => {
    const clock = { now: () => new Date(Date.now() + ms) };
    const report = await doctor({ ...context, clock }, quiet);
    expect(outcome(report, "clock")).toMatchObject({ outcome: expected });
    if (ms !== 0) expect(outcome(report, "clock").message).toMatch(ms > 0 ? /behind/ : /ahead/);
  });

  test("an audit table whose triggers are off, or that is gone, fails", async () => {
    await init(context, declaration);
    await admin(`ALTER TABLE "AuditLog" DISABLE TRIGGER runback_refuse`);
    expect(outcome(await doctor(context, quiet), "audit-protection")).toMatchObject({
      outcome: "FAIL",
      message: expect.stringContaining("not refused"),
    });
    await admin(`DROP TABLE "AuditLog"`);
    expect(outcome(await doctor(context, quiet), "audit-protection")).toMatchObject({ outcome: "FAIL" });
  });

  test.each([
    ["22.18.0", "FAIL"],
    ["24.0.0", "PASS"],
    ["26.1.0", "PASS"],
  ])("Node %s: %s", async (nodeVersion, expected) => {
    expect(outcome(await doctor(context, { ...quiet, nodeVersion }), "node-version").outcome).toBe(expected);
  });

  test.each([
    [
      "postgres://u:p%40x@h:5432/db",
      { POSTGRES_HOST: "h", POSTGRES_PORT: "5432", POSTGRES_USER: "u", POSTGRES_PASSWORD: "p@x", POSTGRES_DB: "db" },
      "PASS",
      "",
    ],
    ["postgres://u:p@h/db", { POSTGRES_PORT: "5432", PGHOST: "h" }, "PASS", ""],
    ["postgres://u:p@h/db", {}, "PASS", ""],
    ["postgres://u:p@h/db", { POSTGRES_DB: "other", POSTGRES_HOST: "h" }, "FAIL", "POSTGRES_DB disagree"],
    ["postgres://u:s3cret@h/db", { POSTGRES_PASSWORD: "0ther", PGUSER: "v" }, "FAIL", "POSTGRES_PASSWORD, PGUSER"],
    ["postgres://u:p@h/db", { POSTGRES_PORT: "5433" }, "FAIL", "POSTGRES_PORT"],
    ["postgres://[::1]:5433/db", { PGHOST: "[::1]", PGPORT: "5433" }, "PASS", ""],
    ["not a url", {}, "FAIL", "not a URL"],
    [null, {}, "PASS", ""],
    [null, { POSTGRES_HOST: "h" }, "WARN", "POSTGRES_HOST"],
    ["pglite://memory", { POSTGRES_HOST: "h" }, "PASS", ""],
  ])("environment of %s with %j: %s", async (databaseUrl, env, expected, said) => {
    const found = outcome(await doctor(context, { ...quiet, databaseUrl, env }), "environment");
    expect(found.outcome).toBe(expected);
    expect(found.message).toContain(said);
    expect(found.message).not.toMatch(/s3cret|0ther/);
  });

  test.each([
    ["postgres://u@h/db", "PASS"],
    ["postgres://u:plain-1_2@h/db?x=a@b", "PASS"],
    ["postgres://h:5432/db?user=a@b", "PASS"],
    ["postgres://u:a%25b@h/db", "WARN"],
    ["postgres://u:a%40b@h/db", "WARN"],
    ["postgres://u:a%2Fb@h/db", "WARN"],
    ["postgres://u:a+b@h/db", "WARN"],
    ["postgres://u:a%b@h/db", "FAIL"],
    ["postgres://u:a%ffb@h/db", "FAIL"],
    ["postgres://u:a@b@h/db", "FAIL"],
    ["postgres://u:a/b@h/db", "FAIL"],
    ["postgres://u:a?b@h/db", "FAIL"],
    ["postgres://u:a#b@h/db", "FAIL"],
  ])("password of %s: %s", async (databaseUrl, expected) => {
    expect(outcome(await doctor(context, { ...quiet, databaseUrl }), "password").outcome).toBe(expected);
  });

  test("a vault is left as it was found, apart from a lock that ends by itself", async () => {
    await context.vault.put("dry-runs/run-a/x", Buffer.from("x"));
    await doctor(context, quiet);
    expect(await objects()).toEqual([expect.stringMatching(/^dry-runs\/doctor-.*\/lock$/), "dry-runs/run-a/x"]);
    store.clock.advance(60_000);
    await doctor(context, quiet);
    expect(await objects()).toHaveLength(2);
  });

  test("a bucket with Object Lock passes, one without is warned about", async () => {
    for (const [kind, expected] of [
      [lockedS3, "PASS"],
      [plainS3, "WARN"],
    ] as const) {
      await close();
      await open(kind, database.url);
      const report = await doctor(context, quiet);
      expect(outcome(report, "object-lock").outcome).toBe(expected);
      expect(outcome(report, "vault").outcome).toBe("PASS");
    }
  });

  test("a vault that changes bytes, keeps what was deleted, or forgets a lock fails", async () => {
    const { vault } = store;
    const healthy = {
      location: vault.location,
      put: vault.put.bind(vault),
      get: vault.get.bind(vault),
      head: vault.head.bind(vault),
      list: vault.list.bind(vault),
      delete: vault.delete.bind(vault),
      close: vault.close.bind(vault),
    };
    const changed = {
      ...healthy,
      get: async function* () {
        yield Buffer.alloc(65_536);
      },
    };
    expect(outcome(await doctor({ ...context, vault: changed }, quiet), "vault").outcome).toBe("FAIL");
    const sticky = { ...healthy, delete: async () => {} };
    const report = await doctor({ ...context, vault: sticky }, quiet);
    expect(outcome(report, "vault").outcome).toBe("FAIL");
    expect(outcome(report, "object-lock").outcome).toBe("FAIL");
  });

  test("an embedded target is asked the same questions", async () => {
    await using embedded = await testContext("pglite");
    await init(embedded.context, declaration);
    const report = await doctor(embedded.context, quiet);
    expect(report.checks.filter((check) => check.outcome === "FAIL")).toEqual([]);
    expect(outcome(report, "server-version").message).toMatch(/^pglite \d+/);
  });
});
