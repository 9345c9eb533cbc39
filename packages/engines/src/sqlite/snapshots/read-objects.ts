import type { Session } from "../session.ts";
import { ofUsers, shadows } from "./of-users.ts";
import { inOrder, type SchemaObject } from "./schema-object.ts";

/** Definitions alone, for comparing. */
export function readObjects(session: Session): SchemaObject[] {
  const settings = ["user_version", "application_id"].map((name): SchemaObject => {
    const value = Object.values(session.run(`PRAGMA ${name}`).rows[0]!)[0];
    return { kind: "setting", name, of: null, sql: `PRAGMA ${name} = ${value}` };
  });
  const { rows } = session.run<{ type: "table" | "index" | "view" | "trigger"; name: string; of: string; sql: string }>(
    `SELECT type, name, tbl_name AS "of", sql FROM sqlite_schema
     WHERE sql IS NOT NULL AND ${ofUsers("name")} AND ${ofUsers("tbl_name")} AND NOT (type = 'table' AND name IN ${shadows})
     ORDER BY rowid`,
  );
  const found = rows.map(
    ({ type, ...object }): SchemaObject => ({
      ...object,
      kind: type === "table" && /^CREATE VIRTUAL TABLE/i.test(object.sql) ? "virtual table" : type,
    }),
  );
  return inOrder([...settings, ...found]);
}

export function hasTable(session: Session, name: string): boolean {
  return session.run("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", [name]).count > 0;
}
