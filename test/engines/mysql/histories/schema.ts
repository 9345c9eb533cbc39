import { historyTables } from "../../histories/schema.ts";
import { type Statement, statementSql } from "../../histories/statements.ts";

/** The tables of the other engines' histories, with references that forbid: actions are refused at enrolment here. */
export const historyDdl = `
CREATE TABLE h_p (id int PRIMARY KEY, code varchar(20) UNIQUE, note varchar(20));
CREATE TABLE h_c (a int, b int, p int, v decimal(20, 10), PRIMARY KEY (a, b), FOREIGN KEY (p) REFERENCES h_p (id));
CREATE TABLE h_k (id int PRIMARY KEY, p int, v varchar(20), FOREIGN KEY (p) REFERENCES h_p (id));
CREATE TABLE h_s (id int PRIMARY KEY, p int, u int UNIQUE, FOREIGN KEY (p) REFERENCES h_p (id));
CREATE TABLE h_t (id int PRIMARY KEY, boss int, v varchar(20), FOREIGN KEY (boss) REFERENCES h_t (id));
CREATE TABLE h_tc (id int PRIMARY KEY, boss int, v varchar(20), FOREIGN KEY (boss) REFERENCES h_tc (id));
CREATE TABLE h_e (id int PRIMARY KEY, code varchar(20), FOREIGN KEY (code) REFERENCES h_p (code));
CREATE TABLE h_d (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES h_c (a, b));`;

export const historyNames = historyTables.map(({ name }) => `h_${name}`);

/** Empties everything, and gives every history the rows its statements find something to collide with. */
export const startOver = `
SET foreign_key_checks = 0;
${historyNames.map((name) => `DELETE FROM ${name};`).join(" ")}
DELETE FROM runback_journal; DELETE FROM runback_key_changes; DELETE FROM runback_undo_rows;
SET foreign_key_checks = 1;
INSERT INTO h_p VALUES (1, 'w1', 'first'), (2, 'w2', 'first'), (3, 'w3', 'first'), (4, 'w4', 'first');
INSERT INTO h_c VALUES (1, 2, 1, 1), (2, 3, 2, 2), (3, 1, 3, 3), (4, 2, 4, 4);
INSERT INTO h_k VALUES (1, 1, 'first'), (2, 2, 'first'), (3, 3, 'first'), (4, 4, 'first');
INSERT INTO h_s VALUES (1, 4, 1), (2, 3, 2), (3, 2, 3), (4, 1, 4);
INSERT INTO h_t VALUES (1, NULL, 'top'), (2, 1, 'a'), (3, 2, 'b'), (4, 2, 'c');
INSERT INTO h_tc VALUES (1, NULL, 'top'), (2, 1, 'a'), (3, 2, 'b'), (5, 3, 'c');
INSERT INTO h_e VALUES (1, 'w1'), (2, 'w2'), (3, 'w3');
INSERT INTO h_d VALUES (1, 1, 2), (2, 2, 3), (3, 3, 1)`;

/** A statement of the other engines' histories in this server's words. */
export function spelled(statement: Statement): string {
  if (statement.kind === "pass-on") return passOn(statement);
  return statementSql(statement, false)
    .replaceAll("h.", "h_")
    .replace(/ON CONFLICT \([^)]*\) DO UPDATE SET/, "ON DUPLICATE KEY UPDATE");
}

/** A unique value moves to the next row: freed first, as an application would. */
function passOn({ table: at, key }: Statement): string {
  const table = historyTables[at]!;
  const column = table.name === "s" ? "u" : table.name === "p" ? "code" : Object.keys(table.columns)[0]!;
  const [first] = table.key;
  return `UPDATE h_${table.name} x JOIN (SELECT DISTINCT ${column} AS value FROM h_${table.name} WHERE ${first} = ${key[0]} LIMIT 1) freed
    SET x.${column} = CASE x.${first} WHEN ${key[0]} THEN NULL ELSE freed.value END WHERE x.${first} IN (${key[0]}, ${(key[0] % 5) + 1})`;
}
