import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openEngine } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../../test/cli/cli-result.ts";
import { type CliPlace, runCli } from "../../test/cli/in-process.ts";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";

const config = fileURLToPath(new URL("./runback.config.ts", import.meta.url));

interface Imported {
  readonly runId: string;
  readonly planDigest: string;
  readonly entities: unknown;
  readonly quarantine: readonly { entity: string; row: number; waId: string; reason: string }[];
  readonly warnings: readonly { message: string }[];
}

describe.each(["postgres", "pglite"])("the library's import on %s, by the command line", (name) => {
  let folder: string;
  let database: TestDatabase | undefined;
  let place: CliPlace;
  let dry: Imported;
  let live: Imported;

  const cli = async (...args: string[]) => {
    const result = await runCli(place, [...args, "--json"]);
    return { status: result.status, document: jsonOf(result) };
  };
  const rows = async (sql: string) => {
    const engine = await openEngine(place.databaseUrl);
    try {
      return (await engine.query(sql)).rows;
    } finally {
      await engine.close();
    }
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "runback-library-"));
    database = name === "postgres" ? await createDatabase() : undefined;
    const databaseUrl = database?.url ?? `pglite://${join(folder, "data")}`;
    place = { config, databaseUrl, vaultUrl: pathToFileURL(join(folder, "vault")).href };
  });
  afterAll(async () => {
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it("plans: what becomes of each row, and why not", async () => {
    const { status, document } = await cli("import", "--dry-run");
    expect(status).toBe(0);
    dry = document as unknown as Imported;
    expect(dry.entities).toEqual({
      readers: { parsed: 4, created: 3, updated: 0, unchanged: 0, quarantined: 1, conflicts: 0 },
      books: { parsed: 6, created: 4, updated: 0, unchanged: 0, quarantined: 1, conflicts: 1 },
      loans: { parsed: 7, created: 3, updated: 0, unchanged: 0, quarantined: 4, conflicts: 0 },
    });
    expect(dry.quarantine.map((row) => `${row.entity} ${row.row} ${row.waId} ${row.reason}`)).toEqual([
      "readers 5 R-004 missing-value",
      "books 6 B5 duplicate-identity",
      "books 7 B6 unknown-genre",
      "loans 4 L3 returned-before-borrowed",
      "loans 5 L4 refused-reference",
      "loans 6 L5 unknown-reference",
      "loans 7 L6 invalid-date",
    ]);
    expect(dry.warnings.map(({ message }) => message)).toEqual([`unknown genre "Physics": 1 row(s).`]);
  });

  it("imports that plan", async () => {
    const { status, document } = await cli("import", "--plan", dry.planDigest);
    expect(status).toBe(0);
    live = document as unknown as Imported;
    expect(live.entities).toEqual(dry.entities);
    expect(
      await rows(
        `SELECT r.name, b.title, g.code, l.returned_at::text AS returned FROM loan l JOIN reader r USING (reader_id)
         JOIN book b USING (book_id) JOIN genre g USING (genre_id) ORDER BY l.borrowed_at`,
      ),
    ).toEqual([
      { name: "Ada Okafor", title: "Pride and Prejudice", code: "FICTION", returned: "2024-04-20 00:00:00+00" },
      { name: "Núñez, Inés", title: "The Odyssey", code: "VERSE", returned: null },
      { name: "Li Wei", title: "Great Expectations", code: "FICTION", returned: null },
    ]);
  });

  it("verifies with checks of its own, in its own words", async () => {
    const report = join(folder, "report.md");
    const { status, document } = await cli("verify", "-b", live.runId, "-o", report);
    expect(status).toBe(0);
    const { checks } = document as unknown as { checks: { id: string; passed: boolean; message: string }[] };
    expect(checks.map(({ id, message }) => `${id}: ${message}`).slice(0, 8)).toEqual([
      "reader-count: Reader count matches: 3",
      "book-count: Book count matches: 4",
      "loan-count: Loan count matches: 3",
      "genre-distribution: Genre distribution: FICTION: 2, VERSE: 1, SCIENCE: 1",
      "shelf-coverage: Shelf coverage: 100.0% (4/4)",
      "orphaned-loans: No orphaned loans found",
      "duplicate-mappings: No duplicate ID mappings found",
      `run-id-match: Run ID matches: ${live.runId}`,
    ]);
    expect(await readFile(report, "utf8")).toContain("| Genre | Name | Books | Share |");
    const page = join(folder, "report.html");
    await cli("verify", "-b", live.runId, "-o", page, "-f", "html");
    expect(await readFile(page, "utf8")).toContain("Bar chart of books in each of 3 genres");
    for (const file of [report, page]) {
      const shown = (await readFile(file, "utf8")).replaceAll(/<[^>]*>/g, " ");
      expect(shown).not.toMatch(/\b(member|tier)s?\b/i);
    }
  });

  it("writes nothing the second time", async () => {
    const { document } = await cli("import");
    expect((document as unknown as Imported).entities).toMatchObject({
      readers: { created: 0, updated: 0, unchanged: 3 },
      books: { created: 0, updated: 0, unchanged: 4 },
      loans: { created: 0, updated: 0, unchanged: 3 },
    });
  });

  it("notices one changed title", async () => {
    const [book] = await rows(`UPDATE book SET title = 'Odyssey' WHERE title = 'The Odyssey' RETURNING title`);
    expect(book).toEqual({ title: "Odyssey" });
    const report = join(folder, "report.md");
    const { status, document } = await cli("verify", "-b", live.runId, "-o", report);
    expect(status).toBe(1);
    const { checks } = document as unknown as { checks: { id: string; passed: boolean }[] };
    expect(checks.filter(({ passed }) => !passed).map(({ id }) => id)).toEqual(["row-content"]);
    await rows(`UPDATE book SET title = 'The Odyssey' WHERE title = 'Odyssey'`);
  });

  it("takes the run back", async () => {
    const planned = await cli("rollback", live.runId, "--plan");
    expect(planned).toMatchObject({ status: 0, document: { planned: 20, classes: { reverted: 20 } } });
    const { status, document } = await cli("rollback", live.runId);
    expect(status).toBe(0);
    expect(document).toMatchObject({ verified: true, classes: { reverted: 20 } });
    expect(
      await rows(
        `SELECT (SELECT count(*)::int FROM reader) AS readers, (SELECT count(*)::int FROM book) AS books,
           (SELECT count(*)::int FROM loan) AS loans, (SELECT count(*)::int FROM source_id) AS mappings,
           (SELECT count(*)::int FROM genre) AS genres`,
      ),
    ).toEqual([{ readers: 0, books: 0, loans: 0, mappings: 0, genres: 3 }]);
  });
});
