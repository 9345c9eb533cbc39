import { createConnection } from "mysql2/promise";
import { mysqlServer } from "../support/mysql-server.ts";
import type { BackfillChild } from "./backfill-child.ts";
import { durable } from "./mysql-import.ts";
import { type Figure, median } from "./report.ts";
import { child, type Workspace } from "./workspace.ts";

/** Each engine's backfill beside the same steps as bare SQL, and what others notice of it. */
export async function backfillFigures(
  workspace: Workspace,
  rows: number,
  rounds: number,
  engines: readonly string[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const engine of engines) {
    const measured: BackfillChild[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await measure(workspace, engine, rows));
    figures.push(...figuresOf(engine, rows, measured));
  }
  return figures;
}

async function measure(workspace: Workspace, engine: string, rows: number): Promise<BackfillChild> {
  const run = (url: string) => child<BackfillChild>("backfill-child.ts", [url, workspace.vaultUrl, String(rows)]);
  if (engine === "sqlite") return await run(`sqlite://${workspace.folder}/backfill-${process.hrtime.bigint()}.db`);
  if (engine === "postgres") {
    const url = await workspace.database();
    const measured = await run(url);
    await workspace.drop(url);
    return measured;
  }
  const server = await mysqlServer(durable);
  try {
    const admin = await createConnection({ uri: server.adminUrl });
    await admin.query("CREATE DATABASE runback_bench CHARACTER SET utf8mb4");
    await admin.end();
    const url = new URL(server.adminUrl);
    url.pathname = "/runback_bench";
    return await run(url.href);
  } finally {
    await server.stop();
  }
}

function figuresOf(engine: string, rows: number, measured: readonly BackfillChild[]): Figure[] {
  const size = `${rows.toLocaleString("en")} rows`;
  const figure = (name: string, unit: Figure["unit"], limit: number, samples: readonly number[]): Figure => ({
    ...{ name: `${engine}: ${name}`, size, value: median(samples), unit, limit, better: "lower", samples },
  });
  const waits = measured.map(({ foreground }) => foreground);
  return [
    figure(
      "backfill / the same steps, bare",
      "x",
      1.6,
      measured.map(({ journaledMs, bareMs }) => journaledMs / bareMs),
    ),
    figure(
      "backfill, longest step",
      "s",
      0.25,
      measured.map(({ longestStepMs }) => longestStepMs / 1000),
    ),
    engine === "sqlite"
      ? figure(
          "backfill, longest time the file was busy",
          "s",
          0.25,
          waits.map(({ during }) => during.longest / 1000),
        )
      : figure(
          "backfill, p99 of others / without it",
          "x",
          2,
          waits.map(({ alone, during }) => during.p99 / alone.p99),
        ),
  ];
}
