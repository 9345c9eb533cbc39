import type { Bridge, CutoverGrammar, Quoting } from "./cutover-dialect.ts";

/** ASCII white space: space, and tab to carriage return. */
const white = [9, 10, 11, 12, 13, 32];

/** `row.a IS DISTINCT FROM old.a`, or true where there is no old row. */
const changed = (q: Quoting, column: string, insert: boolean): string =>
  insert ? `NEW.${q.id(column)} IS NOT NULL` : q.isDistinct(`NEW.${q.id(column)}`, `OLD.${q.id(column)}`);

const untouched = (q: Quoting, column: string, insert: boolean): string =>
  insert ? `NEW.${q.id(column)} IS NULL` : `NOT (${q.isDistinct(`NEW.${q.id(column)}`, `OLD.${q.id(column)}`)})`;

/** When one direction of a bridge acts. */
const acts = (q: Quoting, { from, to, fills }: Bridge, insert: boolean): string => {
  const only = `${changed(q, from, insert)} AND ${untouched(q, to, insert)}`;
  return fills ? `(NEW.${q.id(to)} IS NULL OR (${only}))` : `NEW.${q.id(from)} IS NOT NULL AND ${only}`;
};

const addColumnAndCheck: CutoverGrammar["addColumn"] = (q, table, { name, type, check, condition }) =>
  `ALTER TABLE ${table} ADD COLUMN ${q.id(name)} ${type}, ADD CONSTRAINT ${q.id(check)} CHECK (${condition})`;

export const postgresGrammar: CutoverGrammar = {
  codeType: () => "text",
  addColumn: addColumnAndCheck,
  // `lower` under the C collation folds ASCII letters only; under others a Kelvin sign would become a k.
  fold: (_, expression) =>
    `lower(btrim((${expression})::text, ${white.map((code) => `chr(${code})`).join(" || ")}) COLLATE "C")`,
  exact: (expression) => `((${expression})::text COLLATE "C")`,
  alike: (expression) => postgresGrammar.exact(expression),
  createIndex: (q, name, table, column) => `CREATE INDEX IF NOT EXISTS ${q.id(name)} ON ${table} (${q.id(column)})`,
  dropIndex: (q, name) => `DROP INDEX IF EXISTS ${q.id(name)}`,
  dropCheck: (q, table, name) => `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${q.id(name)}`,
  createBridge(q, bridges) {
    const [first] = bridges;
    const name = `${first!.name}_bridge`;
    const branch = (insert: boolean) =>
      bridges
        .map(
          (each, at) =>
            `${at === 0 ? "IF" : "ELSIF"} ${acts(q, each, insert)} THEN NEW.${q.id(each.to)} := ${each.value("NEW")};`,
        )
        .join(" ");
    return [
      `CREATE OR REPLACE FUNCTION ${q.id(name)}() RETURNS trigger LANGUAGE plpgsql AS ${dollar(
        `BEGIN IF TG_OP = 'INSERT' THEN ${branch(true)} END IF; ELSE ${branch(false)} END IF; END IF; RETURN NEW; END`,
      )}`,
      `CREATE OR REPLACE TRIGGER ${q.id(name)} BEFORE INSERT OR UPDATE ON ${first!.table} FOR EACH ROW EXECUTE FUNCTION ${q.id(name)}()`,
    ];
  },
  dropBridge: (q, [first]) => [
    `DROP TRIGGER IF EXISTS ${q.id(`${first!.name}_bridge`)} ON ${first!.table}`,
    `DROP FUNCTION IF EXISTS ${q.id(`${first!.name}_bridge`)}()`,
  ],
};

export const mysqlGrammar: CutoverGrammar = {
  codeType: (longest) => `varchar(${Math.max(32, longest)}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  // MariaDB takes a constraint's name only beside the column, not in it.
  addColumn: addColumnAndCheck,
  // The UTF-8 bytes read as latin1: no byte of a longer character is an ASCII letter, so only those fold and match.
  fold: (_, expression) =>
    `(REGEXP_REPLACE(LOWER(CONVERT(CAST(CONVERT(${expression} USING utf8mb4) AS binary) USING latin1)), '^[${blanks}]+|[${blanks}]+$', '') COLLATE latin1_bin)`,
  exact: (expression) => `CONVERT(CAST(${expression} AS binary) USING utf8mb4) COLLATE utf8mb4_bin`,
  // Pads with spaces where it compares; those are trimmed before they are folded.
  alike: (expression) => `CONVERT(${expression} USING utf8mb4) COLLATE utf8mb4_bin`,
  createIndex: (q, name, table, column) => `CREATE INDEX ${q.id(name)} ON ${table} (${q.id(column)})`,
  dropIndex: (q, name, table) => `DROP INDEX ${q.id(name)} ON ${table}`,
  dropCheck: (q, table, name) => `ALTER TABLE ${table} DROP CONSTRAINT ${q.id(name)}`,
  createBridge: (q, bridges) => [
    ...mysqlGrammar.dropBridge(q, bridges),
    ...[true, false].map((insert) => {
      const branches = bridges
        .map(
          (each, at) =>
            `${at === 0 ? "IF" : "ELSEIF"} ${acts(q, each, insert)} THEN SET NEW.${q.id(each.to)} = ${each.value("NEW")};`,
        )
        .join(" ");
      const event = insert ? "INSERT" : "UPDATE";
      return `CREATE TRIGGER ${q.id(`${bridges[0]!.name}_${event.toLowerCase()}`)} BEFORE ${event} ON ${bridges[0]!.table} FOR EACH ROW ${silentWhileReverting} ${branches} END IF; END IF; END`;
    }),
  ],
  dropBridge: (q, [first]) =>
    ["insert", "update"].map((event) => `DROP TRIGGER IF EXISTS ${q.id(`${first!.name}_${event}`)}`),
};

/** How a trigger begins that a rollback can keep silent, where none can be switched off for one session. */
export const silentWhileReverting = "BEGIN IF @runback_reverting IS NULL THEN";

/** As a class of a regular expression, free of backslashes: sessions read those differently. */
const blanks = String.fromCharCode(...white);

export const sqliteGrammar: CutoverGrammar = {
  codeType: () => "TEXT",
  addColumn: (q, table, { name, type, check, condition }) =>
    `ALTER TABLE ${table} ADD COLUMN ${q.id(name)} ${type} CONSTRAINT ${q.id(check)} CHECK (${condition})`,
  // SQLite's `lower` folds ASCII only.
  fold: (_, expression) => `lower(trim(CAST(${expression} AS TEXT), char(${white.join(", ")})))`,
  exact: (expression) => `(CAST(${expression} AS TEXT) COLLATE BINARY)`,
  alike: (expression) => sqliteGrammar.exact(expression),
  createIndex: (q, name, table, column) => `CREATE INDEX IF NOT EXISTS ${q.id(name)} ON ${table} (${q.id(column)})`,
  dropIndex: (q, name) => `DROP INDEX IF EXISTS ${q.id(name)}`,
  // The check belongs to its column and goes with it.
  dropCheck: () => null,
  // Triggers cannot change the row they are called for: they update it, which calls the other direction's trigger. That
  // one does nothing, since the columns agree by then.
  createBridge: (q, bridges) => [
    ...sqliteGrammar.dropBridge(q, bridges),
    ...bridges.flatMap((each) =>
      [true, false].map((insert) => {
        const columns = (each.fills ? [each.from, each.to] : [each.from]).map(q.id).join(", ");
        const event = insert ? "INSERT" : `UPDATE OF ${columns}`;
        const name = q.id(`${each.name}_${each.to}_${insert ? "insert" : "update"}`);
        const key = each.key.map((column) => `${q.id(column)} = NEW.${q.id(column)}`).join(" AND ");
        const differs = q.isDistinct(`NEW.${q.id(each.to)}`, each.value("NEW"));
        return `CREATE TRIGGER ${name} AFTER ${event} ON ${each.table} WHEN ${acts(q, each, insert)} AND ${differs} BEGIN UPDATE ${each.table} SET ${q.id(each.to)} = ${each.value("NEW")} WHERE ${key}; END`;
      }),
    ),
  ],
  dropBridge: (q, bridges) =>
    bridges.flatMap((each: Bridge) =>
      ["insert", "update"].map((event) => `DROP TRIGGER IF EXISTS ${q.id(`${each.name}_${each.to}_${event}`)}`),
    ),
};

/** A body between dollar quotes that do not occur in it. */
function dollar(body: string): string {
  let tag = "$bridge$";
  for (let n = 0; body.includes(tag); n++) tag = `$bridge${n}$`;
  return `${tag}${body}${tag}`;
}
