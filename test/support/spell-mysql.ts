/** The suites' own SQL, which is written for PostgreSQL, in the words of MySQL and MariaDB. Quoted text stays as it is. */
export function spellMysql(sql: string): string {
  return outsideText(sql.replace(/('\w*') \|\| (\w+)/g, "concat($1, $2)").replace(/'\{\}'::\w+/g, "'{}'"), (part) =>
    part
      .replace(/\brunback\.(\w+)/g, "runback_$1")
      .replace(/CREATE SCHEMA \w+;?/g, "")
      .replace(/"([^"]+)"/g, "`$1`")
      .replace(
        /generate_series\(([^,()]+), ([^,()]+)\) (\w+)/g,
        "(WITH RECURSIVE series(n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM series WHERE n < $2) SELECT n AS $3 FROM series) $3",
      )
      .replace(/(\$\d+)::int\b/g, "$1")
      .replace(/([\w.]+(?:\([^()]*\))?)::int\b/g, "($1 + 0e0)")
      .replace(/([\w.]+)::text\b/g, "CAST($1 AS char)")
      .replace(/\bint GENERATED ALWAYS AS IDENTITY\b/g, "int AUTO_INCREMENT")
      // The server reads a reference behind a column, and some versions forget it: only one of its own counts.
      .replace(
        /(\w+) int((?: NOT NULL)?) REFERENCES ([@\w.]+)((?: ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT))*)/g,
        "$1 int$2, FOREIGN KEY ($1) REFERENCES $3 (id)$4",
      )
      .replace(/\bUNLOGGED /g, ""),
  );
}

function outsideText(sql: string, change: (part: string) => string): string {
  return sql
    .split(/('(?:[^'\\]|\\.|'')*')/)
    .map((part, at) => (at % 2 === 1 ? part : change(part)))
    .join("");
}
