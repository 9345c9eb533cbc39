import { attendeeStatus } from "@runback/attendance";
import { guard, type SourceFile } from "@runback/guard";
import { type Figure, median } from "./report.ts";

const lines = 100_000;

/** The guard over generated sources, every second file of which names the table: those are parsed. */
export async function guardFigure(rounds: number): Promise<Figure> {
  const files = generated();
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const report = await guard(files, {
      cutovers: [{ cutover: attendeeStatus, phase: 4 }],
      now: new Date(0),
      revision: { commit: null, dirty: null },
    });
    samples.push((performance.now() - started) / 1000);
    if (report.counts.error !== files.filter(({ text }) => text.includes("planted")).length)
      throw new Error(`the guard found ${report.counts.error} of the planted writes`);
  }
  return {
    name: "guard",
    size: `${lines} lines`,
    value: median(samples),
    unit: "s",
    limit: 5,
    better: "lower",
    samples,
  };
}

/** Handlers as services have them, 250 lines a file; one in fifty files writes the retired column. */
function generated(): SourceFile[] {
  return Array.from({ length: lines / 250 }, (_, at): SourceFile => {
    const named = at % 2 === 0;
    const table = named ? "event_attendance" : "orders";
    if (at % 10 === 8) {
      const statement = `INSERT INTO ${table} (id, member_id, status_v2)\nSELECT id, member_id, 'dna'\nFROM old_${table}\nWHERE id > 10;\n\n`;
      return { path: `sql/${at}.sql`, language: "sql", text: statement.repeat(50).trimEnd() };
    }
    const handler = (n: number) =>
      [
        `export async function handle${n}(db: Database, input: { id: number; notes: string }) {`,
        `  const rows = await db("${table}").where({ id: input.id, status: "reg" }).select("id", "status");`,
        `  const open = rows.filter((row: { status: string }) => row.status !== "done");`,
        `  for (const row of open) {`,
        `    await db("${table}").where({ id: row.id }).update({ notes: input.notes, status_v2: "dna" });`,
        `    await db.raw("UPDATE ${table} SET notes = ? WHERE id = ?", [input.notes, row.id]);`,
        `  }`,
        `  return open.map((row: { id: number }) => ({ id: row.id, at: ${n} }));`,
        `}`,
        ``,
      ].join("\n");
    const planted = named && at % 50 === 0 ? 'db("event_attendance").update({ status: "planted" });\n' : "";
    return {
      path: `src/${at}.ts`,
      language: "code",
      text: planted + Array.from({ length: 25 }, (_, n) => handler(n)).join("\n"),
    };
  });
}
