import type { OwnChange } from "./own-change.ts";

export const imagesOfOneColumn: OwnChange = {
  version: 7,
  name: "images of one column",
  sql: `
-- The number of the only column that differs: of the others, but for the key, no value after is written. NULL: all are.
ALTER TABLE runback_journal ADD COLUMN only INTEGER;`,
};
