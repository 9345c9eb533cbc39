import type { ExecuteStatementCommandOutput } from "@aws-sdk/client-rds-data";
import type { Value } from "@runback/core";
import { asText, fromText, type ResultColumn, resultColumn } from "./column.ts";
import { pieceCharacters, piecesAtOnce } from "./limits.ts";

type Execute = (sql: string, values: readonly Value[]) => Promise<ExecuteStatementCommandOutput>;

/**
 * Columns of a query, without running it. One is added: a result may have none, and the service knows no such thing.
 */
export async function describe(execute: Execute, sql: string, values: readonly Value[]): Promise<ResultColumn[]> {
  const described = await execute(`SELECT _q.*, 1 AS _end FROM (\n${sql}\n) _q LIMIT 0`, values);
  return (described.columnMetadata ?? []).slice(0, -1).map(resultColumn);
}

/**
 * Rows of a query of any size, exact: the database prints every value itself, packs rows as JSON into pieces that fit an
 * answer, and hands out so many pieces at once. What is left after the first answer is read through a cursor; the query runs
 * a second time for that.
 */
export async function readRows(
  execute: Execute,
  sql: string,
  values: readonly Value[],
  columns: readonly ResultColumn[],
): Promise<Record<string, unknown>[]> {
  const packed = pack(sql, columns);
  const first = pieces(await execute(`${packed} LIMIT ${piecesAtOnce + 1}`, values));
  if (first.length <= piecesAtOnce) return rowsOf(first.join(""), columns);
  const cursor = await openCursor(execute, "runback_pages", sql, values, columns);
  const rows: Record<string, unknown>[] = [];
  for (let page = await cursor.next(); page !== undefined; page = await cursor.next())
    for (const row of page) rows.push(row);
  await execute("CLOSE runback_pages", []);
  return rows;
}

/** A cursor of the database, read in answers that fit. */
export interface Cursor {
  /** The rows of the next answer; `undefined` at the end. */
  next(): Promise<Record<string, unknown>[] | undefined>;
  /** As many rows as a FETCH would return. */
  fetch(count: number): Promise<Record<string, unknown>[]>;
}

/** @param name without anything to quote */
export async function openCursor(
  execute: Execute,
  name: string,
  sql: string,
  values: readonly Value[],
  columns: readonly ResultColumn[],
): Promise<Cursor> {
  await execute(`DECLARE ${name} NO SCROLL CURSOR FOR ${pack(sql, columns)}`, values);
  let rest = "";
  let ended = false;
  let left: Record<string, unknown>[] = [];
  const next = async () => {
    if (ended) return undefined;
    const page = pieces(await execute(`FETCH ${piecesAtOnce} FROM ${name}`, []));
    ended = page.length < piecesAtOnce;
    rest += page.join("");
    const end = rest.lastIndexOf("\n") + 1;
    const rows = rowsOf(rest.slice(0, end), columns);
    rest = rest.slice(end);
    return rows;
  };
  return {
    next,
    fetch: async (count) => {
      while (left.length < count) {
        const page = await next();
        if (page === undefined) break;
        left = left.length === 0 ? page : left.concat(page);
      }
      const rows = left.slice(0, count);
      left = left.slice(count);
      return rows;
    },
  };
}

/** One row a piece. Names are qualified: the target's search path may hold functions of the same names. */
function pack(sql: string, columns: readonly ResultColumn[]): string {
  const names = columns.map((_, index) => `_${index + 1}`);
  const values = columns.map((column, index) => asText(`_q._${index + 1}`, column));
  const alias = names.length === 0 ? "_q" : `_q(${names.join(", ")})`;
  return `SELECT pg_catalog.substr(_text, _from, ${pieceCharacters}) AS piece FROM (
SELECT _text, pg_catalog.generate_series(1, pg_catalog.length(_text), ${pieceCharacters}) AS _from FROM (
SELECT pg_catalog.string_agg(_row, E'\\n' ORDER BY _nth) || E'\\n' AS _text FROM (
SELECT _row, _nth, pg_catalog.sum(pg_catalog.length(_row)) OVER (ORDER BY _nth) / ${pieceCharacters} AS _pack FROM (
SELECT pg_catalog.row_number() OVER () AS _nth, pg_catalog.to_json(ARRAY[${values.join(", ")}]::pg_catalog.text[])::pg_catalog.text AS _row FROM (
${sql}
) ${alias}) _rows) _packed GROUP BY _pack ORDER BY _pack) _packs) _pieces`;
}

function pieces({ records }: ExecuteStatementCommandOutput): string[] {
  return (records ?? []).map(([field]) => field?.stringValue ?? "");
}

function rowsOf(text: string, columns: readonly ResultColumn[]): Record<string, unknown>[] {
  const lines = text.split("\n");
  // The last line ends too.
  lines.pop();
  return lines.map((line) => {
    const values = JSON.parse(line) as (string | null)[];
    return Object.fromEntries(columns.map((column, index) => [column.name, fromText(values[index] ?? null, column)]));
  });
}
