// npm run bench [-- --registrations 1000000 --rounds 3 --only postgres,sqlite]: every figure the project promises, as ratios within one run.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSampleExport } from "@runback/membership";
import { attendanceFigures } from "./attendance-figures.ts";
import { contentDigests } from "./content-digests.ts";
import { guardFigure } from "./guard-figure.ts";
import { type ImportChild, importFigures, rollbackFigure } from "./import-figures.ts";
import { journalOverhead } from "./journal-overhead.ts";
import { mysqlImport } from "./mysql-import.ts";
import { mysqlSnapshotFigures } from "./mysql-snapshot.ts";
import { type Figure, holds, table } from "./report.ts";
import { snapshotFigures } from "./snapshot-figures.ts";
import { sqliteImport } from "./sqlite-import.ts";
import { child, openWorkspace } from "./workspace.ts";

const { values } = parseArgs({
  options: {
    registrations: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "postgres,sqlite,mysql,journal,snapshots,mysql-snapshots,guard,attendance" },
    json: { type: "boolean", default: false },
  },
});
const registrations = Number(values.registrations);
const rounds = Number(values.rounds);
const asked = new Set(values.only.split(","));
const say = (text: string) => process.stderr.write(`${text}\n`);

await using workspace = await openWorkspace();
const figures: Figure[] = [];
const large = join(workspace.folder, "large");
if (asked.has("postgres") || asked.has("mysql"))
  await writeSampleExport(large, { members: 20_000, events: 2_000, registrations });

if (asked.has("postgres")) {
  say("import of the sample export ...");
  const small = join(workspace.folder, "small");
  await writeSampleExport(small);
  const smallRuns: ImportChild[] = [];
  for (let round = 0; round < rounds; round++) {
    const url = await workspace.database();
    smallRuns.push(await child<ImportChild>("import-child.ts", [url, workspace.vaultUrl, small]));
    await workspace.drop(url);
  }
  say(`import of ${registrations.toLocaleString("en")} registrations, its verification and its rollback ...`);
  const url = await workspace.database();
  const largeRun = await child<ImportChild>("import-child.ts", [url, workspace.vaultUrl, large]);
  figures.push(...importFigures(smallRuns, largeRun, registrations));
  figures.push(await contentDigests(url, rounds));
  figures.push(await rollbackFigure(url, workspace.vaultUrl, largeRun));
  await workspace.drop(url);
}
if (asked.has("sqlite")) {
  say("import on SQLite ...");
  figures.push(await sqliteImport(workspace, rounds));
}
if (asked.has("mysql")) {
  say("import on MariaDB ...");
  figures.push(...(await mysqlImport(large, workspace.vaultUrl, registrations)));
}
if (asked.has("journal")) {
  say("journal overhead ...");
  figures.push(...(await journalOverhead(workspace, registrations, rounds)));
}
if (asked.has("snapshots")) {
  say("snapshot and restore beside pg_dump and pg_restore ...");
  figures.push(...(await snapshotFigures(registrations, rounds)));
}
if (asked.has("mysql-snapshots")) {
  say("snapshot and restore beside mariadb-dump and loading its dump ...");
  figures.push(...(await mysqlSnapshotFigures(registrations, rounds)));
}
if (asked.has("guard")) {
  say("the guard ...");
  figures.push(await guardFigure(rounds));
}

if (asked.has("attendance")) {
  say("closing an event ...");
  figures.push(...(await attendanceFigures(workspace, rounds)));
}

process.stdout.write(
  `${values.json ? "" : `${table(figures)}\n\n`}${JSON.stringify({ node: process.version, registrations, figures })}\n`,
);
process.exitCode = figures.every(holds) ? 0 : 1;
