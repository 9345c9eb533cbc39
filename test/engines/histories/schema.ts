/** The small schema that random histories run on: every kind of reference, unique columns, a composite key. */
export interface HistoryTable {
  readonly name: string;
  readonly key: readonly string[];
  /** Columns a statement may set, with the values a small number stands for. Small domains make histories collide. */
  readonly columns: Readonly<Record<string, (n: number) => string>>;
}

const nullable = (value: (n: number) => string) => (n: number) => (n === 0 ? "NULL" : value(n));
const number = (n: number) => `${n}`;
const word = (n: number) => `'w${n}'`;

export const historyTables: readonly HistoryTable[] = [
  { name: "p", key: ["id"], columns: { code: nullable(word), note: word } },
  { name: "c", key: ["a", "b"], columns: { p: nullable(number), v: nullable((n) => `${n}.${"0".repeat(n)}`) } },
  { name: "k", key: ["id"], columns: { p: nullable(number), v: word } },
  { name: "s", key: ["id"], columns: { p: nullable(number), u: nullable(number) } },
  { name: "t", key: ["id"], columns: { boss: nullable(number), v: word } },
  { name: "tc", key: ["id"], columns: { boss: nullable(number), v: word } },
  { name: "e", key: ["id"], columns: { code: nullable(word) } },
  { name: "d", key: ["id"], columns: { a: nullable(number), b: nullable(number) } },
];

export const historyDdl = `
CREATE SCHEMA h;
CREATE TABLE h.p (id int PRIMARY KEY, code text UNIQUE, note text);
CREATE TABLE h.c (a int, b int, p int REFERENCES h.p, v numeric, PRIMARY KEY (a, b));
CREATE TABLE h.k (id int PRIMARY KEY, p int REFERENCES h.p ON DELETE CASCADE ON UPDATE CASCADE, v text);
CREATE TABLE h.s (id int PRIMARY KEY, p int REFERENCES h.p ON DELETE SET NULL ON UPDATE CASCADE, u int UNIQUE);
CREATE TABLE h.t (id int PRIMARY KEY, boss int REFERENCES h.t, v text);
CREATE TABLE h.tc (id int PRIMARY KEY, boss int REFERENCES h.tc ON DELETE CASCADE, v text);
CREATE TABLE h.e (id int PRIMARY KEY, code text REFERENCES h.p (code) ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE h.d (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES h.c ON DELETE SET NULL);`;

/** PostgreSQL: an error ends the transaction unless a block catches it. */
export const attemptFunction = `
-- A statement that a constraint refuses is part of a history like any other: it changes nothing.
CREATE FUNCTION h.attempt(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
EXCEPTION WHEN integrity_constraint_violation OR cardinality_violation THEN NULL;
END $$;`;

/** Rows every history begins with, so that its statements find something to collide with. */
export const historyRows = `
INSERT INTO h.p SELECT g, 'w' || g, 'first' FROM generate_series(1, 4) g;
INSERT INTO h.c SELECT g, 1 + g % 3, g, g FROM generate_series(1, 4) g;
INSERT INTO h.k SELECT g, g, 'first' FROM generate_series(1, 4) g;
INSERT INTO h.s SELECT g, 5 - g, g FROM generate_series(1, 4) g;
INSERT INTO h.t VALUES (1, NULL, 'top'), (2, 1, 'a'), (3, 2, 'b'), (4, 2, 'c');
INSERT INTO h.tc VALUES (1, NULL, 'top'), (2, 1, 'a'), (3, 2, 'b'), (5, 3, 'c');
INSERT INTO h.e SELECT g, 'w' || g FROM generate_series(1, 3) g;
INSERT INTO h.d SELECT g, g, 1 + g % 3 FROM generate_series(1, 3) g;`;
