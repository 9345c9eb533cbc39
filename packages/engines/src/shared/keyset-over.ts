import type { Column, Keyset, Table } from "@runback/core";

interface KeySpelling {
  id(name: string): string;
  /** A value of a column as text. */
  text(expression: string, column: Column): string;
  /** The value that such a text stands for. */
  value(text: string, column: Column): string;
  /** Whether an index is read by a comparison of rows, `(a, b) > (x, y)`. */
  readonly rows: boolean;
}

/** The keyset of an engine that spells values so. */
export function keysetOver(spelling: KeySpelling): Keyset {
  const { id } = spelling;
  const columns = (table: Table) => table.primaryKey.map((name) => table.columns.find((each) => each.name === name)!);
  const live = (alias: string, table: Table) => table.primaryKey.map((name) => `${alias}.${id(name)}`);
  return {
    values: (alias, table) =>
      columns(table)
        .map((column, at) => `${spelling.text(`${alias}.${id(column.name)}`, column)} AS ${id(`k${at}`)}`)
        .join(", "),
    order: (alias, table) => live(alias, table).join(", "),
    compare: (alias, table, operator, firstParam) => {
      const own = live(alias, table);
      const given = columns(table).map((column, at) => spelling.value(`$${firstParam + at}`, column));
      if (own.length === 1) return `${own[0]} ${operator} ${given[0]}`;
      if (spelling.rows) return `(${own.join(", ")}) ${operator} (${given.join(", ")})`;
      // One range of the index for each column of the key: equal up to it, and beyond in it.
      const strict = operator.slice(0, 1);
      const ranges = own.map((each, at) => {
        const equal = own.slice(0, at).map((column, before) => `${column} = ${given[before]}`);
        const last = at === own.length - 1 ? operator : strict;
        return `(${[...equal, `${each} ${last} ${given[at]}`].join(" AND ")})`;
      });
      return `(${ranges.join(" OR ")})`;
    },
  };
}
