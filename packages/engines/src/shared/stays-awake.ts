import { bridgePrefix, type Column, type Table } from "@runback/core";

/** A bridge whose new column the images do not hold: it sets the column of the rows that come back. */
export function staysAwake(
  trigger: string,
  layout: { readonly table: Table; readonly columns: readonly Column[] },
): boolean {
  return trigger.startsWith(bridgePrefix) && lacksColumns(layout);
}

/** The table has columns that it did not have when its images were written. */
export function lacksColumns({
  table,
  columns,
}: {
  readonly table: Table;
  readonly columns: readonly Column[];
}): boolean {
  return table.columns.some(({ name, generated }) => !generated && !columns.some((column) => column.name === name));
}
