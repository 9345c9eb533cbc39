import {
  type ColumnCutover,
  type Engine,
  findTable,
  flagValues,
  mapLegacy,
  phaseDdl,
  retiredName,
} from "@runback/core";
import { storedStates } from "@runback/operations";
import { expect } from "vitest";
import { movingOf, type Position, positionName } from "../../packages/operations/src/cutover/positions.ts";
import { type StoredCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import type { RandomWriter } from "./random-writer.ts";

/** What of the schema a position decides. The legacy column's NULL is not among it: once allowed, it stays so. */
interface Shape {
  readonly legacy: string;
  readonly column: "absent" | "nullable" | "not null";
  readonly index: boolean;
  readonly check: boolean;
  readonly bridges: number;
}

/**
 * The live schema is what the phase says; in the middle of a move, where DDL commits by itself, each part of it is that of one
 * of the two phases. Flags are those of the phase. Every row that somebody wrote is there, for whoever reads as the phase says.
 *
 * @param settled no move may be open
 */
export async function expectConsistent(
  engine: Engine,
  cutover: ColumnCutover,
  writer: RandomWriter,
  settled: boolean,
): Promise<StoredCutover> {
  const goOn = await writer.paused();
  try {
    const stored = await storedCutover(engine, engine.dialect, cutover);
    const moving = movingOf(stored);
    if (settled) expect(stored.moving).toBeNull();
    const where = `at ${positionName(stored)}, moving ${stored.moving}`;
    const own = shapeAt(engine, cutover, stored);
    const live = await liveShape(engine, cutover, own);
    const between = moving !== null && moving.kind !== "sync" && !engine.capabilities.transactionalDdl;
    if (!between) expect(live, where).toEqual(own);
    else {
      const other = shapeAt(engine, cutover, positionOf(moving.to));
      for (const part of Object.keys(own) as (keyof Shape)[])
        if (part !== "bridges") expect([own[part], other[part]], `${part} ${where}`).toContain(live[part]);
    }
    const states = await storedStates(engine, [cutover]).states();
    const values = Object.fromEntries(flagValues(states).map(({ key, value }) => [key, value]));
    expect(values, where).toMatchObject({
      [cutover.flags.dualWrite.name]: [1, 2, 3].includes(stored.phase),
      [cutover.flags.readPivot.name]: stored.phase >= 3,
    });
    await expectEveryWrite(engine, cutover, writer, stored, live, where);
    return stored;
  } finally {
    goOn();
  }
}

const positionOf = (name: string): Position =>
  name === "planned" || name === "dropped"
    ? { phase: name === "planned" ? 0 : 5, state: name }
    : { phase: Number(name) as Position["phase"], state: "entered" };

function shapeAt(engine: Engine, cutover: ColumnCutover, { phase, state }: Position): Shape {
  const there = state === "entered";
  const bridged = there && cutover.dualWrite === "bridge" && phase >= 1 && phase <= 3;
  return {
    legacy: there && phase === 5 ? retiredName(cutover) : cutover.legacy,
    column: !there ? "absent" : phase >= 4 ? "not null" : "nullable",
    index: there,
    check: there,
    bridges: bridged ? phaseDdl(cutover, 1, engine.dialect).up.filter(isTrigger).length : 0,
  };
}

const isTrigger = (step: { kind: string; sql?: string }) => /^\s*CREATE[\w ]* TRIGGER /i.test(step.sql ?? "");

async function liveShape(engine: Engine, cutover: ColumnCutover, own: Shape): Promise<Shape> {
  const table = findTable(await engine.catalog(), cutover.table.name)!;
  const named = (name: string) => table.columns.find((each) => each.name === name);
  const column = named(cutover.column);
  const list = async (asked: { text: string; params: readonly unknown[] }) =>
    (await engine.query<{ name: string }>(asked.text, asked.params as string[])).rows.map(({ name }) => name);
  const indexes = await list(engine.dialect.ddl.indexes(table));
  const triggers = await list(engine.dialect.ddl.triggers(table));
  const legacy = [cutover.legacy, retiredName(cutover)].filter((name) => named(name) !== undefined);
  expect(legacy).toHaveLength(1);
  return {
    legacy: legacy[0]!,
    column: column === undefined ? "absent" : column.nullable ? "nullable" : "not null",
    index: indexes.some((name) => name.startsWith(`idx_${cutover.table.name}_`)),
    check: column !== undefined && own.column !== "absent" && (await refusesRubbish(engine, cutover)),
    bridges: triggers.filter((name) => name.startsWith("cutover_")).length,
  };
}

async function refusesRubbish(engine: Engine, cutover: ColumnCutover): Promise<boolean> {
  const table = engine.dialect.table(cutover.table);
  const trial = engine.transaction(async (tx) => {
    await tx.query(`UPDATE ${table} SET ${engine.dialect.id(cutover.column)} = 'rubbish'`);
    throw new RangeError("taken");
  });
  return await trial.catch((error: unknown) => !(error instanceof RangeError));
}

/** Readers of phases 0 to 2 see the legacy column, from 3 on the new one; in 1 to 3 the two do not contradict each other. */
async function expectEveryWrite(
  engine: Engine,
  cutover: ColumnCutover,
  { truth }: RandomWriter,
  stored: StoredCutover,
  { legacy: legacyName, column }: Shape,
  where: string,
): Promise<void> {
  const { rows } = await engine.query<Record<string, unknown>>(
    `SELECT * FROM ${engine.dialect.table(cutover.table)} ORDER BY id`,
  );
  const { phase } = stored;
  const seen = rows.map((row) => {
    const [legacy, code] = [row[legacyName] as string | null, row[cutover.column] as string | null | undefined];
    return [Number(row.id), phase < 3 ? mapLegacy(cutover, legacy) : code];
  });
  expect(seen, where).toEqual([...truth].sort(([a], [b]) => a - b));
  if (column === "absent") return;
  const contradict = (row: Record<string, unknown>) =>
    row[cutover.column] !== null && row[cutover.column] !== mapLegacy(cutover, row[legacyName] as string | null);
  // Phase 1 may have codes of an earlier time that it was entered, which its gate counts.
  if ((phase === 2 || phase === 3) && movingOf(stored) === null) expect(rows.filter(contradict), where).toEqual([]);
}
