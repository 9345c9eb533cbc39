import { sameTable, type Table } from "./catalog.ts";

export interface ForeignKeyOrder {
  /** Parents before children. */
  readonly order: readonly Table[];
  /** Tables that reference each other in a circle (a table that references itself is no circle here). */
  readonly cyclic: boolean;
}

/**
 * Orders tables so that every referenced table comes before those that reference it.
 * In a circle the remaining tables keep their given order and `cyclic` is true.
 */
export function foreignKeyOrder(tables: readonly Table[]): ForeignKeyOrder {
  const order: Table[] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const ready = rest.filter((table) => !referencesAny(table, rest));
    if (ready.length === 0) return { order: [...order, ...rest], cyclic: true };
    order.push(...ready);
    rest = rest.filter((table) => !ready.includes(table));
  }
  return { order, cyclic: false };
}

function referencesAny(table: Table, others: readonly Table[]): boolean {
  return table.foreignKeys.some((key) =>
    others.some((other) => !sameTable(other, table) && sameTable(other, key.references)),
  );
}
