/** A recursion may go a thousand deep here: hundreds of rows by two hundred make any series of the suites. */
const series =
  "(WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < 199 AND n < $1) SELECT a.n * 200 + b.n + 1 AS $2 FROM series a JOIN series b ON a.n * 200 + b.n < $1) $2";

/** Texts and what stands around them. */
const around: readonly (readonly [RegExp, string])[] = [
  [/('[\w ]*') \|\| (\w+)/g, "concat($1, $2)"],
  [/'\{\}'::\w+/g, "'{}'"],
  [/'(\d{4}-\d\d-\d\d)T([\d:.]+)Z'/g, "'$1 $2'"],
  [/COLLATE "C"/g, "COLLATE utf8mb4_bin"],
  [/now\(\) - n \* interval '1 day'/g, "utc_timestamp(6) - INTERVAL n DAY"],
  [/interval '(\d+) (\w+?)s?'/g, "INTERVAL $1 $2"],
];

/** What is outside of texts. */
const outside: readonly (readonly [RegExp, string])[] = [
  [/\brunback\.(\w+)/g, "runback_$1"],
  [/CREATE SCHEMA \w+;?/g, ""],
  [/"([^"]+)"/g, "`$1`"],
  [/generate_series\(1, (\d+)\) (\w+)/g, series],
  [/(\$\d+)::int\b/g, "$1"],
  [/\)::int\b/g, ") + 0e0"],
  [/([\w.]+)::int\b/g, "($1 + 0e0)"],
  [/([\w.]+)::text\b/g, "CAST($1 AS char)"],
  [/::jsonb\b/g, ""],
  [/\bjsonb\b/g, "json"],
  [/\btimestamptz\b/g, "datetime(6)"],
  [/\buuid PRIMARY KEY/g, "char(36) PRIMARY KEY"],
  [/ADD COLUMN (\w+) text DEFAULT/g, "ADD COLUMN $1 varchar(50) DEFAULT"],
  [/\bint GENERATED ALWAYS AS IDENTITY\b/g, "int AUTO_INCREMENT"],
  // A reference behind a column is read by some versions and forgotten by others: only one of its own counts.
  [
    /(\w+) int((?: NOT NULL)?) REFERENCES ([@\w.]+)((?: ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT))*)/g,
    "$1 int$2, FOREIGN KEY ($1) REFERENCES $3 (id)$4",
  ],
  [/\bUNLOGGED /g, ""],
];

/** The suites' own SQL, which is written for PostgreSQL, in the words of MySQL and MariaDB. */
export function spellMysql(sql: string): string {
  const change = (text: string, changes: typeof around) =>
    changes.reduce((changed, [found, words]) => changed.replace(found, words), text);
  return change(sql, around)
    .split(/('(?:[^'\\]|\\.|'')*')/)
    .map((part, at) => (at % 2 === 1 ? part : change(part, outside)))
    .join("");
}
