import { wildApricotImport } from "@runback/membership";
import { auditAnchor, auditVerify, doctor } from "@runback/operations";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { guardTable } from "../../../packages/engines/src/mysql/audit-entry.ts";
import { auditTable, type TestContext, testContext } from "../../operations/support.ts";
import { engineNames } from "../../support/engines.ts";

// No trigger sees TRUNCATE here; whoever may drop tables may drop what refuses it.
describe.each(engineNames.filter((name) => name === "mysql"))(
  "a trail that somebody with every right emptied, on %s",
  (name) => {
    let test_: TestContext;
    beforeEach(async () => {
      test_ = await testContext(name);
      for (const action of ["a", "b", "c"])
        await test_.context.engine.query("INSERT INTO runback_audit (action) VALUES ($1)", [action]);
    });
    afterEach(async () => {
      await test_[Symbol.asyncDispose]();
    });

    const entries = `DROP TABLE ${guardTable(auditTable)}; TRUNCATE TABLE runback_audit`;
    const links = "DROP TABLE runback_guard_audit_chain; TRUNCATE TABLE runback_audit_chain";

    test("the entries: each is named", async () => {
      await test_.context.engine.script(entries);
      const { ok, problems } = await auditVerify(test_.context, auditTable);
      expect(ok).toBe(false);
      expect(problems.map(({ kind, seq }) => [kind, seq])).toEqual([
        ["unchained", null],
        ["deleted", 1],
        ["deleted", 2],
        ["deleted", 3],
      ]);
      expect(problems[0]!.detail).toContain("TRUNCATE is not refused");
    });

    test("the entries and their chain: its head says how long it was", async () => {
      await test_.context.engine.script(`${entries}; ${links}`);
      const { problems } = await auditVerify(test_.context, auditTable);
      expect(problems).toContainEqual(
        expect.objectContaining({ kind: "truncated", detail: "the chain ends at 0, its head says 3" }),
      );
    });

    test("the head as well: a table that was protected has one", async () => {
      await test_.context.engine.script(`${entries}; ${links}; TRUNCATE TABLE runback_audit_heads`);
      const { problems } = await auditVerify(test_.context, auditTable);
      expect(problems).toContainEqual(
        expect.objectContaining({ kind: "truncated", detail: expect.stringContaining("the chain has no head") }),
      );
    });

    test("all of it, and protected anew as if nothing had been: its anchor in the vault knows", async () => {
      const { engine } = test_.context;
      await auditAnchor(test_.context, auditTable);
      await engine.script(`${entries}; ${links}; TRUNCATE TABLE runback_audit_heads`);
      await engine.transaction((tx) => engine.protectAudit(tx, auditTable));
      const { problems } = await auditVerify(test_.context, auditTable);
      expect(problems).toMatchObject([{ kind: "anchor-mismatch", seq: 3 }]);
    });

    test("doctor warns of those who could, and of nobody else", async () => {
      const { engine } = test_.context;
      const { rows } = await engine.query<{ name: string }>("SELECT database() AS name");
      const database = rows[0]!.name.replaceAll("_", "\\_");
      const [writer, dropper] = [`w_${rows[0]!.name.slice(-12)}`, `d_${rows[0]!.name.slice(-12)}`];
      await engine.script(
        `CREATE USER '${writer}'@'%'; GRANT SELECT, INSERT ON \`${database}\`.* TO '${writer}'@'%';
       CREATE USER '${dropper}'@'%'; GRANT DROP ON \`${database}\`.* TO '${dropper}'@'%'`,
      );
      try {
        const report = await doctor(test_.context, {
          databaseUrl: null,
          env: {},
          declaration: wildApricotImport,
          auditTable,
        });
        const finding = report.checks.find((check) => check.id === "audit-protection")!;
        expect(finding.outcome).toBe("WARN");
        expect(finding.message).toContain(`'${dropper}'@'%'`);
        expect(finding.message).not.toContain(writer);
        expect(finding.remedy).toContain("Revoke DROP");
      } finally {
        await engine.script(`DROP USER '${writer}'@'%', '${dropper}'@'%'`);
      }
    });
  },
);
