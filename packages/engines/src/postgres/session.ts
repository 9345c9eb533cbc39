/**
 * Settings under which values turn into text and back without loss, whatever the session was started with. Functions
 * that write images carry them as SET clauses; transactions that read images set them locally.
 */
export const exactText: Readonly<Record<string, string>> = {
  DateStyle: "ISO, YMD",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "1",
  bytea_output: "hex",
  lc_monetary: "C",
  xmlbinary: "base64",
  xmloption: "content",
  // Text in its binary form goes through the client's encoding: a LATIN1 writer would give the same row another digest.
  client_encoding: "UTF8",
  // A policy that hides rows from Runback's user is an error, never an image of half a table.
  row_security: "off",
  search_path: "pg_catalog, pg_temp",
};

export const exactTextClauses = Object.entries(exactText)
  .map(([name, value]) => (name === "search_path" ? `SET ${name} = ${value}` : `SET ${name} = '${value}'`))
  .join("\n  ");

/** One statement that makes the current transaction read and write images exactly. */
export const useExactText = `SELECT ${Object.entries(exactText)
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(", ")}`;

/** The same for transactions that join a whole run with its table: memory for their hash tables. */
export const useExactTextInBulk = `${useExactText}, set_config('work_mem', '128MB', true)`;

const joins = ["enable_hashjoin", "enable_mergejoin"] as const;

/**
 * A statement of a step looks its rows up by key. The planner, which sees no way to estimate keys written as text, hashed
 * the whole table in every step: 195 of 550 ms for 20,000 rows of 300,000, and more the larger the table.
 */
export const lookUpByKey = `SELECT ${joins.map((name) => `set_config('${name}', 'off', true)`).join(", ")}`;
export const joinFreely = `SELECT ${joins.map((name) => `set_config('${name}', 'on', true)`).join(", ")}`;

/**
 * Capture pairs whole statements by hashing, whatever the statement's own session does: without statistics of transition
 * tables the planner prefers to sort both sides, 1.5 s more for a million rows.
 */
export const captureClauses = `${exactTextClauses}
  SET enable_hashjoin = on
  SET enable_mergejoin = off
  SET work_mem = '64MB'`;
