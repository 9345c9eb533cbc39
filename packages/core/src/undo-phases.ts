import type { Table } from "./catalog.ts";
import { foreignKeyOrder } from "./foreign-key-order.ts";

export type UndoAct = "insert" | "update" | "delete";

/** Restored rows come parents first, then changed ones, then deletions children first: every foreign key holds throughout. */
export function undoPhases<Layout extends { readonly table: Table }>(
  layouts: readonly Layout[],
): { readonly act: UndoAct; readonly layout: Layout }[] {
  const { order } = foreignKeyOrder(layouts.map((layout) => layout.table));
  const parentsFirst = order.map((table) => layouts.find((layout) => layout.table === table)!);
  const each = (act: UndoAct, list: readonly Layout[]) => list.map((layout) => ({ act, layout }));
  return [
    ...each("insert", parentsFirst),
    ...each("update", parentsFirst),
    ...each("delete", parentsFirst.toReversed()),
  ];
}
