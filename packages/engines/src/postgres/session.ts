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

/**
 * The same for transactions that join a run with its table: memory for the hash tables of a whole run, and the index
 * for a step of it (at the default cost of a random page, every step read the whole table).
 */
export const useExactTextInBulk = `${useExactText}, set_config('work_mem', '128MB', true), set_config('random_page_cost', '1.1', true)`;
