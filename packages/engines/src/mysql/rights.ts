import type { Connection } from "@runback/core";

export interface HeldRights {
  /** ALL PRIVILEGES on the target's database, or everywhere. */
  readonly all: boolean;
  /** ALL PRIVILEGES everywhere. */
  readonly globalAll: boolean;
  /** By name, as `SHOW GRANTS` spells it. */
  readonly rights: ReadonlySet<string>;
}

/** Rights on the whole of the target's database, as global or database grants to the user or to a role it has now. */
export async function heldRights(connection: Connection): Promise<HeldRights> {
  const { rows } = await connection.query<Record<string, string>>("SHOW GRANTS");
  const { rows: about } = await connection.query<{ name: string }>("SELECT database() AS name");
  const rights = new Set<string>();
  for (const row of rows) {
    const match = /^GRANT (.+?) ON (.+?) TO /.exec(Object.values(row)[0] ?? "");
    if (match && covers(match[2]!, about[0]!.name))
      for (const right of match[1]!.split(/,\s*/)) rights.add(right.toUpperCase());
  }
  return {
    all: rights.has("ALL PRIVILEGES") || rights.has("ALL"),
    globalAll: rows.some((row) => /^GRANT ALL PRIVILEGES ON \*\.\* TO /.test(Object.values(row)[0] ?? "")),
    rights,
  };
}

/** `*.*`, `` `name`.* ``; a database grant may hold the wildcards `_` and `%`. */
function covers(on: string, database: string): boolean {
  if (on === "*.*") return true;
  const match = /^`((?:[^`]|``)+)`\.\*$/.exec(on);
  if (match === null) return false;
  const pattern = match[1]!
    .replaceAll("``", "`")
    .replace(/\\([_%])|([_%])|([.*+?^${}()|[\]\\])/g, (_, escaped, wild, special) =>
      escaped !== undefined ? escaped : wild === "_" ? "." : wild === "%" ? ".*" : `\\${special}`,
    );
  return new RegExp(`^${pattern}$`).test(database);
}
