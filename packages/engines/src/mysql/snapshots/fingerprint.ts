import { digestOf } from "@runback/core";
import type { MysqlObjects } from "./schema-object.ts";

/** Every object's definition, by kind and name. */
export function definitions({ tables, sequences, programs }: MysqlObjects): ReadonlyMap<string, string> {
  return new Map([
    ...tables.map(({ name, sql }) => [`table ${name}`, sql] as const),
    ...sequences.map(({ name, sql }) => [`sequence ${name}`, sql] as const),
    ...programs.map(
      ({ kind, name, of, sql, sqlMode, client, collation, timeZone }) =>
        [`${kind} ${name}`, JSON.stringify([of, sql, sqlMode, client, collation, timeZone])] as const,
    ),
  ]);
}

/** What differs between two schemas, by object; empty when they are the same. */
export function differences(wanted: MysqlObjects, found: MysqlObjects, leaveOut: (table: string) => boolean): string[] {
  const [a, b] = [wanted, found].map((objects) =>
    definitions({ ...objects, tables: objects.tables.filter(({ name }) => !leaveOut(name)) }),
  ) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).sort();
}

/** An event of a copy must not run beside the one it is a copy of: it is made disabled. */
export function sleeping(sql: string): string {
  return sql.replace(/( ON COMPLETION (?:NOT )?PRESERVE )(?:ENABLE|DISABLE ON SLAVE|DISABLE)/, "$1DISABLE");
}

/** A schema with every event disabled. */
export function asleep(objects: MysqlObjects): MysqlObjects {
  return {
    ...objects,
    programs: objects.programs.map((program) =>
      program.kind === "event" ? { ...program, sql: sleeping(program.sql) } : program,
    ),
  };
}

/**
 * SHA-256 over the definitions, in whatever order the catalog lists them; triggers of one table in the order in which they act.
 * Whether an event is enabled is left out: in a copy it is not.
 */
export function fingerprint(awake: MysqlObjects): string {
  const objects = asleep(awake);
  const order = objects.programs.filter(({ kind }) => kind === "trigger").map(({ name }) => name);
  return digestOf([...[...definitions(objects)].sort(([a], [b]) => (a < b ? -1 : 1)), order]);
}
