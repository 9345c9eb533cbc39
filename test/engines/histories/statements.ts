import fc from "fast-check";
import { type HistoryTable, historyTables } from "./schema.ts";

const kinds = [
  ...["insert", "insert", "insert", "update", "update", "update", "delete", "delete"],
  ...["upsert", "replace", "update-many", "delete-many", "insert-many", "pass-on", "change-key"],
] as const;

/** One random statement as numbers; `statementSql` spells it. */
export interface Statement {
  readonly table: number;
  readonly kind: (typeof kinds)[number];
  readonly key: readonly [number, number];
  readonly values: readonly [number, number];
}

const small = fc.integer({ min: 0, max: 5 });

export const statement: fc.Arbitrary<Statement> = fc.record({
  table: fc.integer({ min: 0, max: historyTables.length - 1 }),
  kind: fc.constantFrom(...kinds),
  key: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
  values: fc.tuple(small, small),
});

export function statementSql({ table: at, kind, key, values }: Statement, sqlite: boolean): string {
  const table = historyTables[at]!;
  const name = `h.${table.name}`;
  const where = table.key.map((column, index) => `${column} = ${key[index]}`).join(" AND ");
  const set = Object.entries(table.columns).map(([column, value], index) => `${column} = ${value(values[index]!)}`);
  const one = set[(key[0] + key[1]) % set.length]!;
  switch (kind) {
    case "insert":
      return `INSERT INTO ${name} ${tuple(table, key, values)}`;
    case "upsert":
      return `INSERT INTO ${name} ${tuple(table, key, values)} ON CONFLICT (${table.key.join(", ")}) DO UPDATE SET ${set.join(", ")}`;
    case "replace":
      // Rows that are in the way, by key or by another unique value, are deleted without a word; elsewhere an upsert.
      if (sqlite && values[0] % 2 === 1) return `UPDATE OR REPLACE ${name} SET ${set.join(", ")} WHERE ${where}`;
      if (sqlite) return `REPLACE INTO ${name} ${tuple(table, key, values)}`;
      return statementSql({ table: at, kind: "upsert", key, values }, sqlite);
    case "insert-many":
      return `INSERT INTO ${name} ${tuple(table, key, values)}, ${tuple(table, [key[0] + 1, key[1]], [key[0], values[1]]).replace(/^.*VALUES /, "")}`;
    case "update":
      return `UPDATE ${name} SET ${values[0] % 2 === 0 ? set.join(", ") : one} WHERE ${where}`;
    case "update-many":
      return `UPDATE ${name} SET ${one} WHERE ${table.key[0]} % 2 = ${key[0] % 2}`;
    case "delete":
      return `DELETE FROM ${name} WHERE ${where}`;
    case "delete-many":
      return `DELETE FROM ${name} WHERE ${table.key[0]} > ${key[0]}`;
    case "pass-on":
      return passOn(table, key);
    case "change-key":
      return `UPDATE ${name} SET ${table.key[0]} = ${values[0] + 1} WHERE ${where}`;
  }
}

function tuple(table: HistoryTable, key: readonly number[], values: readonly number[]): string {
  const columns = Object.entries(table.columns);
  const row = [
    ...table.key.map((_, index) => `${key[index]}`),
    ...columns.map(([, value], index) => value(values[index]!)),
  ];
  return `(${[...table.key, ...columns.map(([column]) => column)].join(", ")}) VALUES (${row.join(", ")})`;
}

/** A unique value moves to the next row: freed first, as an application would. */
function passOn(table: HistoryTable, key: readonly number[]): string {
  const column = table.name === "s" ? "u" : table.name === "p" ? "code" : Object.keys(table.columns)[0]!;
  const [from, to] = [key[0], (key[0]! % 5) + 1];
  const first = table.key[0];
  return `WITH freed AS (SELECT ${column} AS value FROM h.${table.name} WHERE ${first} = ${from} LIMIT 1)
    UPDATE h.${table.name} SET ${column} = CASE ${first} WHEN ${from} THEN NULL ELSE (SELECT value FROM freed) END
    WHERE ${first} IN (${from}, ${to})`;
}
