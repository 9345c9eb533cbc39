/** Of users: neither SQLite's nor Runback's own. */
export function ofUsers(name: string): string {
  return `substr(${name}, 1, 8) <> 'runback_' AND substr(${name}, 1, 7) <> 'sqlite_'`;
}

/** What virtual tables keep their content in: made along with them. */
export const shadows = "(SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')";
