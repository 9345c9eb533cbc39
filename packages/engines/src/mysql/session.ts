import { collation } from "./server.ts";

/**
 * Settings under which values turn into text and back without loss, whatever the server's defaults are. Pinned when a
 * session opens; triggers carry `sql_mode` and character set of the session that made them.
 *
 * - `ALLOW_INVALID_DATES` without `NO_ZERO_DATE`: a row that holds `0000-00-00` or February 31 can be put back.
 * - `NO_AUTO_VALUE_ON_ZERO`: an id 0 stays 0 when it is put back.
 * - Strict: a value that does not fit is an error, never cut.
 */
const settings = [
  "sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
  "time_zone = '+00:00'",
  "group_concat_max_len = 1073741824",
  "foreign_key_checks = 1",
  "unique_checks = 1",
  "sql_safe_updates = 0",
  "sql_select_limit = 18446744073709551615",
  "div_precision_increment = 4",
  "autocommit = 1",
  "@runback_run_id = NULL",
];

/** Names of character set and collation must be those of the literals in every comparison. */
export function pinSession(mariadb: boolean): string {
  const own = mariadb
    ? // Hash joins: without an index a join compares every pair of rows.
      ["join_cache_level = 8", "optimizer_switch = 'join_cache_hashed=on,optimize_join_buffer_size=off'"]
    : ["information_schema_stats_expiry = 0"];
  return `SET NAMES utf8mb4 COLLATE ${collation}; SET SESSION ${[...settings, ...own].join(", ")}`;
}
