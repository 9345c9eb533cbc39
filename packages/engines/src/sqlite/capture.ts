import type { Table } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, keyColumns, liveValues, matchesKey, sameValues } from "./row-image.ts";

export const captureKinds = ["insert", "update", "delete", "before_insert", "before_update"] as const;

export function triggerNames(relation: number): string[] {
  return captureKinds.map((kind) => `runback_${kind}_${relation}`);
}

/** The image's columns in the text of the insert trigger: SQLite rewrites them there when a column is renamed. */
export const imageStart = "/* image */";
export const imageEnd = "/* end */";

const named = "EXISTS (SELECT 1 FROM runback_marker)";
const run = "(SELECT run FROM runback_marker ORDER BY slot LIMIT 1)";
const running = `SELECT RAISE(ABORT, 'RB001: the run that is named is not running')
    WHERE NOT EXISTS (SELECT 1 FROM runback_runs WHERE num = ${run} AND state = 'running');`;

/**
 * The triggers of a table. They fire in every program's session, so they use what every SQLite has and nothing of
 * Runback's own functions: values are stored as they are, and hashed when they are read.
 */
export function captureTriggers(relation: number, layout: number, table: Table): string[] {
  const columns = imageColumns(table);
  const key = keyColumns(table);
  const [insert, update, remove, beforeInsert, beforeUpdate] = triggerNames(relation).map(id) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const on = tableName(table);
  const before = columns.map((_, at) => `b${at}`).join(", ");
  const after = columns.map((_, at) => `a${at}`).join(", ");
  const old = liveValues("OLD", columns).join(", ");
  const fresh = liveValues("NEW", columns).join(", ");
  const candidate = `r.layout = ${layout}`;
  const candidateKey = key.map((column) => `r.b${columns.indexOf(column)}`);
  const newKey = liveValues("NEW", key);
  const oldKey = liveValues("OLD", key);
  const nullable = key.filter((column) => column.nullable);
  const withKey =
    nullable.length === 0
      ? ""
      : `SELECT RAISE(ABORT, 'RB003: a key with a NULL in it cannot be journaled') WHERE ${nullable.map((column) => `NEW.${id(column.name)} IS NULL`).join(" OR ")};`;
  const gone = `INSERT INTO runback_journal (run, layout, ${before}) SELECT ${run}, ${layout}, `;
  // Rows that REPLACE deleted to make room: what was there before, is not there now, and fired no trigger.
  const isThere = `EXISTS (SELECT 1 FROM ${on} t WHERE ${matchesKey("t", candidateKey, table)})`;
  const atNewKey = sameValues(candidateKey, newKey);
  const replaced = (condition: string) => `
  ${gone}${columns.map((_, at) => `r.b${at}`).join(", ")} FROM runback_replaced r WHERE ${candidate} AND ${condition};`;
  const cleared = `DELETE FROM runback_replaced WHERE layout = ${layout};`;
  return [
    `CREATE TRIGGER ${beforeInsert} BEFORE INSERT ON ${on} WHEN ${named}
  AND (EXISTS (SELECT 1 FROM runback_replaced WHERE layout = ${layout}) OR ${colliding(table, "")
    .map((each) => `EXISTS (SELECT 1 FROM ${each})`)
    .join(" OR ")})
BEGIN
  ${cleared}
  ${colliding(table, "")
    .map(
      (each) =>
        `INSERT INTO runback_replaced (layout, ${before}) SELECT ${layout}, ${liveValues("t", columns).join(", ")} FROM ${each};`,
    )
    .join("\n  ")}
END`,
    `CREATE TRIGGER ${beforeUpdate} BEFORE UPDATE ON ${on} WHEN ${named}
  AND (EXISTS (SELECT 1 FROM runback_replaced WHERE layout = ${layout}) OR ${colliding(table, "old")
    .map((each) => `EXISTS (SELECT 1 FROM ${each})`)
    .join(" OR ")})
BEGIN
  ${cleared}
  ${colliding(table, "old")
    .map(
      (each) =>
        `INSERT INTO runback_replaced (layout, ${before}) SELECT ${layout}, ${liveValues("t", columns).join(", ")} FROM ${each};`,
    )
    .join("\n  ")}
END`,
    `CREATE TRIGGER ${insert} AFTER INSERT ON ${on} WHEN ${named}
BEGIN
  ${running}
  ${withKey}${replaced(`NOT (${atNewKey}) AND NOT ${isThere}`)}
  INSERT INTO runback_journal (run, layout, ${after})
  SELECT ${run}, ${layout}, ${imageStart} ${fresh} ${imageEnd} WHERE NOT EXISTS (SELECT 1 FROM runback_replaced r WHERE ${candidate} AND ${atNewKey});
  INSERT INTO runback_journal (run, layout, ${after}, ${before})
  SELECT ${run}, ${layout}, ${fresh}, ${columns.map((_, at) => `r.b${at}`).join(", ")} FROM runback_replaced r WHERE ${candidate} AND ${atNewKey} LIMIT 1;
  ${cleared}
END`,
    `CREATE TRIGGER ${update} AFTER UPDATE ON ${on} WHEN ${named}
  AND NOT (${sameValues(liveValues("OLD", columns), liveValues("NEW", columns))})
BEGIN
  ${running}
  ${withKey}${replaced(`(${atNewKey} OR NOT ${isThere})`)}
  INSERT INTO runback_journal (run, layout, ${before}, ${after})
  SELECT ${run}, ${layout}, ${old}, ${fresh} WHERE ${sameValues(oldKey, newKey)};
  ${gone}${old} WHERE NOT (${sameValues(oldKey, newKey)});
  INSERT INTO runback_journal (run, layout, ${after}) SELECT ${run}, ${layout}, ${fresh} WHERE NOT (${sameValues(oldKey, newKey)});
  INSERT INTO runback_key_changes (gone, come, run, layout)
  SELECT ord - 1, ord, run, layout FROM runback_journal
  WHERE ord = (SELECT max(ord) FROM runback_journal) AND NOT (${sameValues(oldKey, newKey)});
  ${cleared}
END`,
    `CREATE TRIGGER ${remove} AFTER DELETE ON ${on} WHEN ${named}
BEGIN
  ${running}
  ${gone}${old};
  DELETE FROM runback_replaced WHERE layout = ${layout} AND ${sameValues(
    key.map((column) => `b${columns.indexOf(column)}`),
    oldKey,
  )};
END`,
  ];
}

/** For each unique index, the rows `t` that the new row collides with; those an update moves itself aside. */
function colliding(table: Table, except: "" | "old"): string[] {
  const on = tableName(table);
  const key = keyColumns(table);
  const other = except === "" ? "" : ` AND NOT (${sameValues(liveValues("t", key), liveValues("OLD", key))})`;
  return table.uniqueIndexes.map((index) => {
    const simple = index.predicate === null && index.columns.every((name) => name !== null);
    if (simple) {
      const same = index.columns.map(
        (name, at) => `t.${id(name!)} = NEW.${id(name!)}${collation(index.expressions[at]!)}`,
      );
      return `${on} t WHERE ${same.join(" AND ")}${other}`;
    }
    // Expressions name columns without a table. Each is computed from the new row alone and looked up in the index, which
    // must find it in the very words it was made with.
    const row = `(SELECT ${table.columns.map((column) => `NEW.${id(column.name)} AS ${id(column.name)}`).join(", ")})`;
    const same = index.expressions.map((expression) => `${expression} = (SELECT ${expression} FROM ${row})`);
    const both =
      index.predicate === null
        ? []
        : [`(${index.predicate})`, `EXISTS (SELECT 1 FROM ${row} WHERE ${index.predicate})`];
    return `${on} t WHERE ${[...same, ...both].join(" AND ")}${other}`;
  });
}

function collation(expression: string): string {
  return / COLLATE "[^"]+"$/.exec(expression)?.[0] ?? "";
}
