import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Engine } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { anchorRetention, auditAnchor, auditExport, auditList, auditVerify } from "@runback/operations";
import { readAll } from "@runback/vault";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { auditFixture } from "../engines/fixtures/audit-fixture.ts";
import { familyOf } from "../support/family.ts";
import { inTurn, rotatedEngines, seed } from "../support/rotated-engines.ts";
import { spell } from "../support/spell.ts";
import { auditTable, lockedS3, plainS3, type TestContext, testContext } from "./support.ts";

const day = 24 * 60 * 60 * 1000;

async function append(engine: Engine, actions: readonly string[]): Promise<void> {
  for (const action of actions) {
    await engine.query(spell(engine.name, "INSERT INTO runback.audit (action, metadata) VALUES ($1, $2::jsonb)"), [
      action,
      JSON.stringify({ run_id: `run-${action}`, text: 'é " \\ \u2028' }),
    ]);
  }
}

const at = (n: number) => `(SELECT entry FROM runback.audit_chain WHERE seq = ${n})`;

const others = rotatedEngines.filter((name) => name !== "postgres");

describe.each(["postgres" as const, ...inTurn(others)])(`audit on %s (seed ${seed})`, (name) => {
  const fixture = auditFixture(name);
  const sql = (text: string) => spell(name, text);
  let test_: TestContext;
  let engine: Engine;
  /** What somebody with every right in the target can do. */
  const tamper = (change: string) => fixture.tamper(engine, (tx) => tx.script(sql(change)));
  const rebuild = async (change: string) => {
    await tamper(`${change}; DELETE FROM runback.audit_chain`);
    await fixture.rebuild(engine);
  };
  beforeEach(async () => {
    test_ = await testContext(name);
    engine = test_.context.engine;
    await append(engine, ["a", "b", "c", "d", "e", "f"]);
  });
  afterEach(async () => {
    await test_[Symbol.asyncDispose]();
  });

  test("an untouched trail holds, and says how far", async () => {
    const found = await auditVerify(test_.context, auditTable);
    expect(found).toMatchObject({
      ok: true,
      relation: "runback.audit",
      entries: 6,
      head: { seq: 6 },
      anchors: { checked: 0, newestSeq: null },
      problems: [],
      problemCount: 0,
    });
    expect(found.head!.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("an empty trail holds", async () => {
    await rebuild("DELETE FROM runback.audit");
    expect(await auditVerify(test_.context, auditTable)).toMatchObject({ ok: true, entries: 0, head: null });
    expect(await auditAnchor(test_.context, auditTable)).toEqual({ anchored: false, key: null, head: null });
  });

  test.each([
    [
      "changed metadata",
      `UPDATE runback.audit SET metadata = ${fixture.oneMore} WHERE id::text = ${at(3)}`,
      "changed",
      3,
    ],
    ["one changed letter", `UPDATE runback.audit SET action = 'B' WHERE action = 'b'`, "changed", 2],
    ["a microsecond", `UPDATE runback.audit SET "createdAt" = ${fixture.later} WHERE action = 'b'`, "changed", 2],
    ["a deleted entry", `DELETE FROM runback.audit WHERE id::text = ${at(4)}`, "deleted", 4],
    ["an entry the chain does not know", "INSERT INTO runback.audit (action) VALUES ('forged')", "unchained", null],
    ["a link that is gone", "DELETE FROM runback.audit_chain WHERE seq = 3", "broken-link", 4],
    [
      "a link with another hash",
      "UPDATE runback.audit_chain SET sha256 = repeat('a', 64) WHERE seq = 3",
      "broken-link",
      3,
    ],
    [
      "a link with another past",
      "UPDATE runback.audit_chain SET previous = repeat('a', 64) WHERE seq = 1",
      "broken-link",
      1,
    ],
    [
      "an entry changed with its row hash",
      `UPDATE runback.audit SET action = 'X' WHERE action = 'c';
       ${fixture.rowHash}`,
      "broken-link",
      3,
    ],
    ["the last link", "DELETE FROM runback.audit_chain WHERE seq = 6", "truncated", 5],
    ["the head", "DELETE FROM runback.audit_heads", "truncated", null],
    ["a head set back", "UPDATE runback.audit_heads SET seq = 5", "broken-link", 6],
    [
      "two entries that changed places",
      `UPDATE runback.audit_chain SET entry = CASE seq WHEN 2 THEN ${at(3)} ELSE ${at(2)} END WHERE seq IN (2, 3)`,
      "changed",
      2,
    ],
  ])("finds %s", async (_what, change, kind, seq) => {
    await tamper(change);
    const found = await auditVerify(test_.context, auditTable);
    expect(found.ok).toBe(false);
    expect(found.problems).toContainEqual(expect.objectContaining({ kind, seq }));
    expect(found.problemCount).toBe(found.problems.length);
    await expect(auditAnchor(test_.context, auditTable)).rejects.toMatchObject({ code: "AUDIT_CHAIN_BROKEN", exit: 1 });
  });

  test("names the entry that was removed and put back", async () => {
    await engine.script(sql("CREATE TABLE kept AS SELECT * FROM runback.audit WHERE action = 'c'"));
    await tamper("DELETE FROM runback.audit WHERE action = 'c'");
    await engine.script(sql("INSERT INTO runback.audit SELECT * FROM kept"));
    const { rows } = await engine.query<{ id: string }>(sql("SELECT id::text AS id FROM kept"));
    const found = await auditVerify(test_.context, auditTable);
    expect(found.problems).toEqual([
      { kind: "deleted", entry: rows[0]!.id, seq: 7, detail: "the entry was removed and inserted again" },
    ]);
  });

  test.runIf(familyOf(name) === "postgres")("a rewritten hash function hides nothing", async () => {
    await tamper(
      `UPDATE runback.audit SET action = 'X' WHERE action = 'c';
       CREATE OR REPLACE FUNCTION runback.entry_sha256(entry jsonb, columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
         $$ SELECT row_sha256 FROM runback.audit_chain WHERE audit_chain.entry = $1 ->> 'id' $$`,
    );
    expect((await auditVerify(test_.context, auditTable)).problems).toMatchObject([{ kind: "changed", seq: 3 }]);
  });

  test("a trigger that is off is a problem, before anything slipped past", async () => {
    await engine.script(fixture.captureOff);
    expect((await auditVerify(test_.context, auditTable)).problems).toMatchObject([{ kind: "unchained", entry: null }]);
    await engine.script(fixture.captureBlind);
    expect((await auditVerify(test_.context, auditTable)).ok).toBe(false);
  });

  test("a table that was never protected, or is not there, does not pass", async () => {
    await engine.script(
      sql(`CREATE TABLE plain (id uuid PRIMARY KEY, action text, metadata jsonb, "createdAt" timestamptz)`),
    );
    const plain = await auditVerify(test_.context, { schema: "public", name: "plain" });
    expect(plain).toMatchObject({ ok: false, head: null });
    const nowhere = await auditVerify(test_.context, { schema: "public", name: "nowhere" });
    expect(nowhere).toMatchObject({ ok: false, problems: [{ kind: "truncated" }] });
  });

  test("a later column breaks no chain", async () => {
    await engine.script(sql("ALTER TABLE runback.audit ADD COLUMN note text DEFAULT 'later'"));
    await append(engine, ["g"]);
    expect(await auditVerify(test_.context, auditTable)).toMatchObject({ ok: true, entries: 7 });
  });

  test("anchors once for each head", async () => {
    const first = await auditAnchor(test_.context, auditTable);
    expect(first).toMatchObject({
      anchored: true,
      key: "audit/runback.audit/000000000006.json",
      head: { seq: 6 },
    });
    expect(await auditAnchor(test_.context, auditTable)).toMatchObject({ anchored: false, key: first.key });
    const stored = JSON.parse(Buffer.from(await readAll(test_.context.vault.get(first.key!), 4096)).toString());
    expect(stored).toEqual({ relation: "runback.audit", ...first.head, at: expect.any(String) });
    await append(engine, ["g"]);
    expect(await auditAnchor(test_.context, auditTable)).toMatchObject({ anchored: true, head: { seq: 7 } });
    expect(await auditVerify(test_.context, auditTable)).toMatchObject({
      ok: true,
      anchors: { checked: 2, newestSeq: 7 },
    });
  });

  test("a chain that was cut back and rebuilt is found by its anchor", async () => {
    await auditAnchor(test_.context, auditTable);
    await rebuild("DELETE FROM runback.audit WHERE action IN ('e', 'f')");
    let found = await auditVerify(test_.context, auditTable);
    expect(found.problems).toMatchObject([
      { kind: "anchor-mismatch", seq: 6, detail: expect.stringContaining("cut back") },
    ]);
    // Grown past the anchor again, it still is another chain; and no newer anchor may say otherwise.
    await append(engine, ["g", "h", "i"]);
    found = await auditVerify(test_.context, auditTable);
    expect(found.problems).toMatchObject([
      { kind: "anchor-mismatch", seq: 6, detail: expect.stringContaining("rebuilt") },
    ]);
    await expect(auditAnchor(test_.context, auditTable)).rejects.toMatchObject({ code: "AUDIT_CHAIN_BROKEN" });
  });

  test("an older anchor counts although a newer one fits", async () => {
    await auditAnchor(test_.context, auditTable);
    await rebuild("UPDATE runback.audit SET action = 'X' WHERE action = 'a'");
    await append(engine, ["g"]);
    const head = (await auditVerify(test_.context, auditTable)).head!;
    await test_.context.vault.put(
      "audit/runback.audit/000000000007.json",
      Buffer.from(JSON.stringify({ relation: "runback.audit", ...head, at: "2026-01-01T00:00:00.000Z" })),
    );
    expect((await auditVerify(test_.context, auditTable)).problems).toMatchObject([
      { kind: "anchor-mismatch", seq: 6 },
    ]);
  });

  test.each([
    ["damaged", "not json"],
    ["of another table", JSON.stringify({ relation: "public.other", seq: 9, sha256: "0".repeat(64), at: "" })],
    ["of another place", JSON.stringify({ relation: "runback.audit", seq: 8, sha256: "0".repeat(64), at: "" })],
  ])("an anchor that is %s is a problem", async (_what, content) => {
    await test_.context.vault.put("audit/runback.audit/000000000009.json", Buffer.from(content));
    const found = await auditVerify(test_.context, auditTable);
    expect(found.problems).toMatchObject([
      { kind: "anchor-mismatch", detail: expect.stringContaining("AUDIT_ANCHOR_DAMAGED") },
    ]);
    await expect(auditAnchor(test_.context, auditTable)).rejects.toMatchObject({ code: "AUDIT_ANCHOR_DAMAGED" });
  });

  test("pages newest first, through equal times, while entries are added", async () => {
    await engine.query(
      sql(
        `INSERT INTO runback.audit (action, "createdAt") SELECT 'same', '2026-01-01T00:00:00.123456Z' FROM generate_series(1, 25) n`,
      ),
    );
    const seen: string[] = [];
    for (let before: string | undefined; ; ) {
      const page = await auditList(test_.context, auditTable, {
        limit: 4,
        ...(before === undefined ? {} : { before }),
      });
      expect(page.entries.length).toBeLessThanOrEqual(4);
      seen.push(...page.entries.map((entry) => entry.id));
      if (page.next === null) break;
      before = page.next;
      if (seen.length === 8) await append(engine, ["meanwhile"]);
    }
    expect(seen).toHaveLength(31);
    expect(new Set(seen).size).toBe(31);
    const first = await auditList(test_.context, auditTable, { limit: 1_000 });
    expect(first.entries[0]).toMatchObject({ action: "meanwhile", seq: 32, metadata: { run_id: "run-meanwhile" } });
    const times = first.entries.map((entry) => entry.createdAt);
    expect(times).toEqual(times.toSorted().reverse());
    expect(times.at(-1)).toBe(`2026-01-01T00:00:00.123456${fixture.zone}`);
  });

  test("lists the entries of one run, and those on no chain", async () => {
    await tamper(`INSERT INTO runback.audit (action, metadata) VALUES ('forged', '{"rollback_run_id":"run-b"}')`);
    const { entries, next } = await auditList(test_.context, auditTable, { limit: 10, run: "run-b" });
    expect(entries.map(({ action, seq }) => [action, seq])).toEqual([
      ["forged", null],
      ["b", 2],
    ]);
    expect(next).toBeNull();
  });

  test.each([
    [{ limit: 0 }, "LIMIT_INVALID"],
    [{ limit: 1_001 }, "LIMIT_INVALID"],
    [{ limit: 1.5 }, "LIMIT_INVALID"],
    [{ limit: 10, before: "'; DROP TABLE x" }, "CURSOR_INVALID"],
    [{ limit: 10, before: Buffer.from(`["now","x"]`).toString("base64url") }, "CURSOR_INVALID"],
    [
      { limit: 10, before: Buffer.from(`["2026-01-01T00:00:00+00:00","\\u0000"]`).toString("base64url") },
      "CURSOR_INVALID",
    ],
    [{ limit: 10, before: Buffer.from(`["2026-99-99T00:00:00+00:00","x"]`).toString("base64url") }, "CURSOR_INVALID"],
  ])("refuses the page %j", async (page, code) => {
    await expect(auditList(test_.context, auditTable, page)).rejects.toMatchObject({ code });
  });

  test("an export can be checked from the file alone", async () => {
    await engine.script(sql("ALTER TABLE runback.audit ADD COLUMN note text DEFAULT 'later'"));
    await tamper("DELETE FROM runback.audit WHERE action = 'd'; INSERT INTO runback.audit (action) VALUES ('forged')");
    const pieces: Uint8Array[] = [];
    const result = await auditExport(test_.context, auditTable, (piece) => void pieces.push(piece));
    const bytes = Buffer.concat(pieces);
    expect(result).toEqual({
      relation: "runback.audit",
      lines: 7,
      bytes: bytes.byteLength,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    let previous = "0".repeat(64);
    const lines = bytes.toString().trimEnd().split("\n");
    lines.slice(0, 6).forEach((line, index) => {
      const record = JSON.parse(line);
      expect(record).toMatchObject({ seq: index + 1, previous });
      const hashed = line.slice(line.indexOf('"entry":') + '"entry":'.length, -1);
      if (record.entry === null) expect(index).toBe(3);
      else {
        expect(sha256(hashed)).toBe(record.rowSha256);
        expect(record.later).toEqual({ note: "later" });
      }
      expect(sha256(record.previous + record.rowSha256)).toBe(record.sha256);
      previous = record.sha256;
    });
    // The recipe of docs/audit.md.
    const page = readFileSync(new URL("../../docs/audit.md", import.meta.url), "utf8");
    const recipe = /^printf %s "\$line" \| .*$/m.exec(page)![0].replace(/ +#.*$/, "");
    for (const line of [lines[0]!, lines[5]!]) {
      const printed = execFileSync("sh", ["-c", recipe], { env: { ...process.env, line }, encoding: "utf8" });
      expect(printed.split(" ")[0]).toBe(JSON.parse(line).rowSha256);
    }
    expect(JSON.parse(lines[6]!)).toMatchObject({ seq: null, sha256: null, entry: { action: "forged" } });
  });

  test("an export of 12,000 entries comes in pieces and in order", async () => {
    await engine.query(sql("INSERT INTO runback.audit (action) SELECT 'n' || n FROM generate_series(1, 12000) n"));
    let text = "";
    let pieces = 0;
    const { lines } = await auditExport(test_.context, auditTable, (piece) => {
      pieces++;
      text += Buffer.from(piece).toString();
    });
    expect(lines).toBe(12_006);
    expect(pieces).toBeGreaterThan(5);
    const seqs = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).seq as number);
    expect(seqs).toEqual(Array.from({ length: 12_006 }, (_, index) => index + 1));
  });
});

describe("audit anchors on S3", () => {
  test("are locked for two years", async () => {
    await using test_ = await testContext("postgres", lockedS3);
    await append(test_.context.engine, ["a"]);
    const { key } = await auditAnchor(test_.context, auditTable);
    test_.clock.advance(729 * day);
    await expect(test_.context.vault.delete(key!)).rejects.toMatchObject({ code: "VAULT_LOCKED" });
    await expect(test_.context.vault.put(key!, Buffer.from("x"))).rejects.toMatchObject({ code: "VAULT_LOCKED" });
    expect(await auditVerify(test_.context, auditTable)).toMatchObject({ ok: true, anchors: { checked: 1 } });
  });

  test("without Object Lock they are refused, unless that is asked for", async () => {
    await using test_ = await testContext("postgres", plainS3);
    await append(test_.context.engine, ["a"]);
    await expect(auditAnchor(test_.context, auditTable)).rejects.toMatchObject({ code: "VAULT_LOCK_UNSUPPORTED" });
    expect(await auditAnchor(test_.context, auditTable, null)).toMatchObject({ anchored: true });
  });

  test("a vault that does not answer is a problem, though the chain holds", async () => {
    await using test_ = await testContext("postgres", lockedS3);
    await append(test_.context.engine, ["a"]);
    const unreachable = {
      ...test_.context.vault,
      list: () => {
        throw new Error("unreachable");
      },
    };
    const found = await auditVerify({ ...test_.context, vault: unreachable }, auditTable);
    expect(found).toMatchObject({ ok: false, head: { seq: 1 }, problems: [{ kind: "anchor-mismatch" }] });
  });

  test("a target that does not answer is no pass", async () => {
    await using test_ = await testContext("postgres", lockedS3);
    const engine = openPostgres("postgres://nobody@127.0.0.1:1/nowhere");
    const found = await auditVerify({ ...test_.context, engine }, auditTable);
    expect(found).toMatchObject({
      ok: false,
      head: null,
      problems: [{ detail: expect.stringContaining("TARGET_UNREACHABLE") }],
    });
    await engine.close();
  });

  test("two at once anchor one head", async () => {
    await using test_ = await testContext("postgres", lockedS3);
    await append(test_.context.engine, ["a"]);
    const both = await Promise.all([auditAnchor(test_.context, auditTable), auditAnchor(test_.context, auditTable)]);
    expect(both.filter((each) => each.anchored)).toHaveLength(1);
  });

  test("two years end on the same day", () => {
    expect(anchorRetention(new Date("2026-11-21T04:00:00Z")).toISOString()).toBe("2028-11-21T04:00:00.000Z");
    expect(anchorRetention(new Date("2028-02-29T04:00:00Z")).toISOString()).toBe("2030-03-01T04:00:00.000Z");
  });
});
