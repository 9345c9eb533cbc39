import { join } from "node:path";
import { writeSampleExport } from "@runback/membership";
import { createdRows, type ImportChild } from "./import-figures.ts";
import { type Figure, median } from "./report.ts";
import { child, type Workspace } from "./workspace.ts";

const registrations = 100_000;

/** The same import as on PostgreSQL, into a file: journal, mapping and audit on, commits synchronous. */
export async function sqliteImport({ folder, vaultUrl }: Workspace, rounds: number): Promise<Figure> {
  const source = join(folder, "sqlite-source");
  await writeSampleExport(source, { members: 10_000, events: 1_000, registrations });
  const rates: number[] = [];
  let written = 0;
  for (let round = 0; round < rounds; round++) {
    const { ms, entities } = await child<ImportChild>("import-child.ts", [
      `sqlite://${join(folder, `import-${round}.db`)}`,
      vaultUrl,
      source,
    ]);
    if (entities.registrations!.created !== registrations) throw new Error("the import did not write every row");
    written = createdRows(entities);
    rates.push(written / (ms / 1000));
  }
  return {
    name: "import on SQLite, journal and audit on",
    size: `${written.toLocaleString("en")} rows`,
    value: median(rates),
    unit: "rows/s",
    limit: 25_000,
    better: "higher",
    samples: rates,
  };
}
