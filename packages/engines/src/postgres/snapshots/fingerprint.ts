import { digestOf } from "@runback/core";
import type { OrderedObjects } from "./order-objects.ts";
import type { SchemaObject } from "./schema-object.ts";

/**
 * PostgreSQL spells some expressions differently after reading its own spelling: a list of varchar constants cast as a whole comes
 * back cast one by one. Both say the same.
 */
const castList = /\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]\)::text\[\]/g;

/** A definition in the spelling it keeps. */
export function settled(sql: string): string {
  return sql.replace(castList, (_, list: string) => {
    const each = list.match(/'(?:[^']|'')*'::character varying/g) ?? [];
    return `ARRAY[${each.map((item) => `(${item})::text`).join(", ")}]`;
  });
}

/** Every object's definition in one spelling, by kind and name. */
export function definitions(objects: OrderedObjects): ReadonlyMap<string, string> {
  const all = [...objects.before, ...objects.after];
  return new Map(all.map((object) => [`${object.kind} ${object.name}`, object.sql.map(settled).join(";\n")]));
}

/** What differs between two schemas, by object; empty when they are the same. */
export function differences(
  wanted: OrderedObjects,
  found: OrderedObjects,
  leaveOut: (object: SchemaObject) => boolean,
): string[] {
  const [a, b] = [wanted, found].map((objects) =>
    definitions({
      before: objects.before.filter((object) => !leaveOut(object)),
      after: objects.after.filter((object) => !leaveOut(object)),
    }),
  ) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).sort();
}

/** SHA-256 over the definitions, in whatever order they are made. */
export function fingerprint(objects: OrderedObjects): string {
  return digestOf([...definitions(objects)].sort(([a], [b]) => (a < b ? -1 : 1)));
}
