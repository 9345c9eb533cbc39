/** One object of a file with the SQL that makes it, as SQLite keeps it. */
export interface SchemaObject {
  readonly kind: "setting" | "table" | "virtual table" | "index" | "view" | "trigger";
  readonly name: string;
  /** The table it belongs to; a table belongs to itself. Null for settings of the file. */
  readonly of: string | null;
  readonly sql: string;
}

/** What is made before rows are loaded. Indexes are cheaper after them, and triggers would fire. */
export const beforeRows: ReadonlySet<SchemaObject["kind"]> = new Set(["setting", "table", "virtual table"]);

const order: readonly SchemaObject["kind"][] = ["setting", "table", "virtual table", "index", "view", "trigger"];

/** The order in which objects are made: by kind, and as they were made before within one. */
export function inOrder(objects: readonly SchemaObject[]): SchemaObject[] {
  return objects.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** What differs between two schemas, by object; empty when they are the same. */
export function differences(wanted: readonly SchemaObject[], found: readonly SchemaObject[]): string[] {
  const [a, b] = [definitions(wanted), definitions(found)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).sort();
}

/** Every object's definition by kind and name. */
export function definitions(objects: readonly SchemaObject[]): ReadonlyMap<string, string> {
  return new Map(objects.map((object) => [`${object.kind} ${object.name}`, object.sql]));
}
