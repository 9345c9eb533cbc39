import { name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

// Tables that only runs that change values have enrolled: foreign keys may act on them, for those runs make none act.
export const tablesOfChangedValues: OwnChange = {
  version: 8,
  name: "tables of changed values",
  sql: [`CREATE TABLE IF NOT EXISTS runback_values_only (table_name ${name} NOT NULL PRIMARY KEY) ${table}`],
};
