import { type Connection, RunbackError, type SnapshotSource } from "@runback/core";
import { id, literal } from "../dialect.ts";
import { pinSession } from "../session.ts";
import { copyRequest } from "./capture-moment.ts";
import { copyIn } from "./copy-in.ts";
import { type CopySession, exactBytes } from "./copy-session.ts";
import { sleeping } from "./fingerprint.ts";
import { naming } from "./naming.ts";
import { orphans } from "./orphans.ts";
import { triggerSql } from "./read-programs.ts";
import type { KeyObject, MysqlObjects, ProgramObject, SequenceObject, TableObject } from "./schema-object.ts";
import { tableParts } from "./table-text.ts";

/** What a table of the snapshot is called while it is built. */
export type Physical = (name: string) => string;

/** What the session is for: definitions, or rows. Foreign keys are verified by what they find, not by what they refuse. */
export async function prepareDefinitions(session: CopySession): Promise<void> {
  await session.script(
    `${pinSession(session.mariadb)}; SET SESSION foreign_key_checks = 0, lock_wait_timeout = 30, innodb_lock_wait_timeout = 30`,
  );
}

/** With unique_checks off MariaDB locks the table and builds it at the end, which took two and a half times as long here. */
async function prepareRows(session: CopySession): Promise<void> {
  const checks = session.mariadb ? ", check_constraint_checks = 0" : "";
  await session.script(`${exactBytes}; SET SESSION foreign_key_checks = 0${checks}`);
}

export async function makeSequence(session: CopySession, sequence: SequenceObject, physical: string): Promise<void> {
  await naming("sequence", sequence.name, async () => {
    await session.script(
      sequence.sql.replace(`CREATE SEQUENCE ${id(sequence.name)}`, () => `CREATE SEQUENCE ${id(physical)}`),
    );
    await session.query(
      `SELECT CAST(setval(${id(physical)}, ${sequence.next}, 0, ${sequence.round}) AS char) AS position`,
    );
  });
}

export async function makeTable(session: CopySession, table: TableObject, physical: string): Promise<void> {
  const { inside, tail } = tableParts(table.name, table.sql);
  const end =
    table.autoIncrement === null
      ? tail
      : tail.replace(/^\) ENGINE=\w+/, (engine) => `${engine} AUTO_INCREMENT=${table.autoIncrement}`);
  await naming("table", table.name, () =>
    session.script(`CREATE TABLE ${id(physical)} (\n${inside.join(",\n")}\n${end}`),
  );
}

/** Opens one more session for as long as some work takes. */
export type OpenLane = <T>(work: (lane: CopySession) => Promise<T>) => Promise<T>;

/** Loads the rows of every table that is not left out, two statements at once; then its indexes, all in one pass over the rows. */
export async function loadRows(
  session: CopySession,
  openLane: OpenLane,
  source: SnapshotSource,
  objects: MysqlObjects,
  leaveOut: (table: string) => boolean,
  physical: Physical,
  onTable: ((done: number, total: number) => void) | undefined,
): Promise<void> {
  const { tables } = source.schema;
  await openLane(async (second) => {
    await prepareRows(second);
    for (const [at, table] of tables.entries()) {
      onTable?.(at, tables.length);
      if (leaveOut(table.name)) continue;
      const { sql } = objects.tables.find(({ name }) => name === table.name)!;
      const { inside, indexes } = tableParts(table.name, sql);
      const request = await copyRequest(session, table, physical(table.name));
      const keys = inside.filter((line) => /^ +(?:[A-Z]+ )?KEY /.test(line));
      // Where anything but a primary key says where a row goes, rows go in one after the other.
      const lanes = keys.length === 1 && keys[0]!.trim().startsWith("PRIMARY KEY") ? [session, second] : [session];
      await prepareRows(session);
      await naming("rows of table", table.name, async () => {
        for (const lane of lanes) await lane.script("START TRANSACTION");
        await copyIn(lanes, session.maxAllowedPacket, request, source.data(table));
        for (const lane of lanes) await lane.script("COMMIT");
      });
      await prepareDefinitions(session);
      if (indexes.length === 0) continue;
      const added = indexes.map((line) => `ADD ${line}`).join(", ");
      await naming("index of table", table.name, () =>
        session.script(`ALTER TABLE ${id(physical(table.name))} ${added}`),
      );
    }
  });
  onTable?.(tables.length, tables.length);
}

/** @throws `RESTORE_FAILED` when a foreign key finds more or fewer rows without a parent than when the snapshot was taken */
export async function verifyKeys(tx: Connection, table: TableObject, physical: Physical): Promise<void> {
  for (const key of table.keys) {
    const found = await orphans(tx, physical(table.name), key, physical(key.references.table));
    if (found === key.orphans) continue;
    throw new RunbackError(
      "RESTORE_FAILED",
      `${found} row(s) of ${table.name} have no parent by ${key.name}, ${key.orphans} had none.`,
      { recovery: "Nothing was changed. Run `runback snapshot verify`, and use another snapshot.", status: 409 },
    );
  }
}

/** Adds a table's foreign keys, whose rows were verified: with foreign_key_checks off the server takes them at their word. */
export async function addKeys(session: CopySession, table: TableObject, physical: Physical): Promise<void> {
  if (table.keys.length === 0) return;
  const lines = table.keys.map((key) => `ADD ${keyLine(key, physical)}`);
  await naming("foreign keys of table", table.name, () =>
    session.script(`ALTER TABLE ${id(physical(table.name))} ${lines.join(", ")}`),
  );
}

function keyLine({ line, references: { table } }: KeyObject, physical: Physical): string {
  const at = line.indexOf(`) REFERENCES ${id(table)} (`);
  const rest = line.slice(at + `) REFERENCES ${id(table)} (`.length);
  return `${line.slice(0, at)}) REFERENCES ${id(physical(table))} (${rest}`;
}

/** Makes programs in the order they come in. A view that needs another waits until that is there. */
export async function makePrograms(
  session: CopySession,
  programs: readonly ProgramObject[],
  { physical = (name: string) => name, disabled = false }: { physical?: Physical; disabled?: boolean } = {},
): Promise<void> {
  let waiting = programs.filter(({ kind }) => kind === "view");
  const others = programs.filter(({ kind }) => kind !== "view");
  const early = others.filter(({ kind }) => kind === "function" || kind === "procedure");
  for (const program of early) await makeProgram(session, program, physical, disabled);
  while (waiting.length > 0) {
    const left: ProgramObject[] = [];
    for (const view of waiting) {
      try {
        await makeProgram(session, view, physical, disabled);
      } catch (error) {
        const cause = (error as { cause?: { errno?: number } }).cause;
        // No such table, no such column, invalid view.
        if (![1146, 1054, 1356].includes(cause?.errno ?? 0) || waiting.length === 1) throw error;
        left.push(view);
      }
    }
    if (left.length === waiting.length) await makeProgram(session, left[0]!, physical, disabled);
    waiting = left;
  }
  for (const program of others) if (!early.includes(program)) await makeProgram(session, program, physical, disabled);
  await prepareDefinitions(session);
}

/** In the settings that its text was written under, which the server keeps beside it. */
async function makeProgram(
  session: CopySession,
  program: ProgramObject,
  physical: Physical,
  disabled: boolean,
): Promise<void> {
  const { kind, name, of, sqlMode, client, collation, timeZone } = program;
  const settings = [
    `character_set_client = ${client}`,
    `collation_connection = ${collation}`,
    ...(sqlMode === null ? [] : [`sql_mode = ${literal(sqlMode)}`]),
    ...(timeZone === null ? [] : [`time_zone = ${literal(timeZone)}`]),
  ];
  await prepareDefinitions(session);
  await session.script(`SET SESSION ${settings.join(", ")}`);
  let text = kind === "trigger" ? triggerSql(program, physical(of!))! : program.sql;
  if (kind === "view") text = text.replace(/^CREATE /, "CREATE OR REPLACE ");
  if (kind === "event" && disabled) text = sleeping(text);
  await naming(kind, name, () => session.script(text));
}

export async function dropProgram(
  session: Connection,
  { kind, name }: Pick<ProgramObject, "kind" | "name">,
): Promise<void> {
  await session.script(`DROP ${kind.toUpperCase()} IF EXISTS ${id(name)}`);
}
