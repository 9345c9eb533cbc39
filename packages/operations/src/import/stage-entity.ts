import {
  type Connection,
  derivedId,
  type EntityDeclaration,
  type ImportDeclaration,
  type ParseContext,
  type Table,
  type TextRow,
} from "@runback/core";
import type { Context } from "../context.ts";
import { classifySql } from "./classify-sql.ts";
import { type CsvFile, openCsv } from "./csv-source.ts";
import { parseRecord } from "./parse-record.ts";
import { idScopes, judgedTable, planTable, rawColumns, rawTable } from "./stage-tables.ts";

export interface StagedEntity {
  readonly entity: string;
  readonly file: string;
  readonly sha256: string;
  readonly parsed: number;
}

/** Reads one file into the target's staging and classifies it there, in one transaction; the target's tables are only read. */
export async function stageEntity(
  { engine }: Pick<Context, "engine">,
  tx: Connection,
  declaration: ImportDeclaration,
  entity: EntityDeclaration,
  target: Table,
  input: { readonly folder: string; readonly stage: string; readonly context: ParseContext },
): Promise<StagedEntity> {
  const { dialect } = engine;
  const raw = rawTable(input.stage, entity);
  const plan = planTable(input.stage, entity);
  const judged = judgedTable(input.stage, entity);
  const columns = rawColumns(dialect, entity);
  for (const left of [raw, judged, plan]) await tx.query(`DROP TABLE IF EXISTS ${dialect.table(left)}`);
  await tx.query(dialect.createStage(raw, columns));
  const file = openCsv(input.folder, entity);
  const rows = stagedRows(file, entity, input.context);
  const parsed = await tx.load(
    raw,
    columns.map(([name]) => name),
    dialect.idsInDatabase ? rows : withIds(rows, idScopes(declaration, entity)),
  );
  await tx.query(dialect.analyze(raw));
  const seen = engine.rowDigest("t", target);
  const seenIfFound = `CASE WHEN t.${dialect.id(entity.id)} IS NULL THEN NULL ELSE ${seen} END`;
  const { judge, classify } = classifySql(dialect, declaration, entity, input.stage, seenIfFound);
  if (dialect.sharedCte !== null) await tx.query(dialect.createStage(plan, classify()));
  else {
    await tx.query(dialect.createStage(judged, judge));
    await tx.query(dialect.createStage(plan, classify(judged)));
    await tx.query(`DROP TABLE ${dialect.table(judged)}`);
  }
  await tx.query(`DROP TABLE ${dialect.table(raw)}`);
  for (const statement of dialect.indexStage(plan)) await tx.query(statement);
  await tx.query(dialect.analyze(plan));
  return { entity: entity.name, file: file.path, sha256: file.sha256(), parsed };
}

async function* stagedRows(file: CsvFile, entity: EntityDeclaration, context: ParseContext): AsyncIterable<TextRow> {
  for await (const record of file.records) yield parseRecord(entity, record, context);
}

/** With the ids that the database does not derive itself. */
async function* withIds(rows: AsyncIterable<TextRow>, scopes: ReturnType<typeof idScopes>): AsyncIterable<TextRow> {
  for await (const row of rows) {
    const sourceId = row[1] ?? "";
    yield [...row, derivedId(scopes.row, sourceId), derivedId(scopes.mapping, sourceId)];
  }
}

/** Rows of a plan that a step has to do something for: a new row, a changed one, or a mapping to one that was found. */
export const workCondition = "class IN ('create', 'update') OR class = 'unchanged' AND NOT mapped";
