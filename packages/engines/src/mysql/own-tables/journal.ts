import { document, image, key, name, table, text } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const journal: OwnChange = {
  version: 2,
  name: "journal",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_layouts (
        num int NOT NULL AUTO_INCREMENT PRIMARY KEY,
        table_name ${name} NOT NULL,
        columns ${document} NOT NULL,
        key_columns ${document} NOT NULL,
        fingerprint ${key(64)} NOT NULL,
        current boolean NOT NULL,
        enrolled_at datetime(6) NOT NULL,
        INDEX (table_name)
      ) ${table}`,
    // In the order it was written in, run by run: what a plan and a replay read. A trigger sees rows, not statements,
    // so the order is that of rows.
    `CREATE TABLE IF NOT EXISTS runback_journal (
        run int NOT NULL,
        ord bigint NOT NULL AUTO_INCREMENT,
        layout int NOT NULL,
        row_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        before_image ${image},
        after_digest binary(32),
        PRIMARY KEY (run, ord), UNIQUE INDEX (ord)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_key_changes (
        run int NOT NULL,
        ord bigint NOT NULL AUTO_INCREMENT,
        layout int NOT NULL,
        old_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        new_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        PRIMARY KEY (run, ord), UNIQUE INDEX (ord)
      ) ${table}`,
    // One row for every row of a run that is being taken back. act: what would be done (insert, update, delete; pass: a
    // row that came and went, or changed and changed back, within the run; none); guard: the digest the live row must
    // still have when it is done.
    `CREATE TABLE IF NOT EXISTS runback_undo_rows (
        plan ${key(90)} NOT NULL,
        layout int NOT NULL,
        seq bigint NOT NULL AUTO_INCREMENT,
        row_key varchar(6144) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        class ${key(12)} NOT NULL,
        act ${key(8)} NOT NULL,
        keyed boolean NOT NULL,
        detail ${text},
        before_image ${image},
        guard_digest binary(32),
        PRIMARY KEY (seq), INDEX by_act (plan, layout, act, seq), INDEX by_key (plan, layout, row_key(255))
      ) ${table}`,
  ],
};
