import { now } from "./column-defaults.ts";
import type { OwnChange } from "./own-change.ts";

export const journal: OwnChange = {
  version: 2,
  name: "journal",
  sql: `
-- The run that writes now. Slot 0 is written and deleted inside the run's own transaction, so nobody else ever sees it;
-- slot 1 is committed for as long as a program of somebody else's runs.
CREATE TABLE runback_marker (
  slot INTEGER PRIMARY KEY CHECK (slot IN (0, 1)),
  run INTEGER NOT NULL
);
-- relation: the number in the names of the table's triggers, by which it is found after it was renamed.
CREATE TABLE runback_layouts (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  relation INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  columns TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  current INTEGER NOT NULL,
  enrolled_at TEXT NOT NULL DEFAULT ${now}
);
-- One row a change of a row. b<n> and a<n> are the values of the layout's n-th column before and after, as they are: columns
-- without a type keep every value and its storage class. Enrolling a wider table adds columns.
CREATE TABLE runback_journal (
  ord INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  layout INTEGER NOT NULL,
  b0, a0
);
CREATE INDEX runback_journal_run ON runback_journal (run, layout);
-- A row that changed its key has two entries.
CREATE TABLE runback_key_changes (
  gone INTEGER PRIMARY KEY,
  come INTEGER NOT NULL,
  run INTEGER NOT NULL,
  layout INTEGER NOT NULL
);
-- Rows that a statement may be about to replace: REPLACE deletes without firing delete triggers.
CREATE TABLE runback_replaced (
  layout INTEGER NOT NULL,
  b0
);
-- One row for every row of a run that is being taken back. first, last: its first and last entry in the journal; key: a digest
-- of its key; act: what would be done (insert, update, delete; pass: a row that came and went, or changed and changed back,
-- within the run; none); guard: digest of a row that force overwrites.
CREATE TABLE runback_undo_rows (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  plan TEXT NOT NULL,
  layout INTEGER NOT NULL,
  key TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  class TEXT NOT NULL,
  act TEXT NOT NULL,
  keyed INTEGER NOT NULL,
  detail TEXT,
  guard TEXT
);
CREATE UNIQUE INDEX runback_undo_rows_key ON runback_undo_rows (plan, layout, key);
CREATE INDEX runback_undo_rows_order ON runback_undo_rows (plan, last);`,
};
