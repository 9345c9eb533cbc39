import type { Connection } from "@runback/core";
import { unsupported } from "./find-unsupported.ts";
import { type FoundObject, firstAfterData, rank, type SchemaObject } from "./schema-object.ts";

export interface OrderedObjects {
  /** Made before rows are loaded. */
  readonly before: readonly SchemaObject[];
  readonly after: readonly SchemaObject[];
}

/** Sorts objects so that each comes after what it depends on. @throws `SNAPSHOT_UNSUPPORTED` for a circle */
export async function orderObjects(tx: Connection, objects: readonly FoundObject[]): Promise<OrderedObjects> {
  const { rows } = await tx.query<{ from: string; to: string }>(
    `SELECT DISTINCT concat(classid::regclass::text, '/', objid) AS from, concat(refclassid::regclass::text, '/', refobjid) AS to
     FROM pg_depend WHERE deptype IN ('n', 'a', 'i') AND (objid >= 16384 OR refobjid >= 16384)`,
  );
  return order(objects, rows);
}

/** Depth first, lower ranks first: what a low rank needs of a higher one is pulled before it. */
export function order(
  objects: readonly FoundObject[],
  dependencies: readonly { readonly from: string; readonly to: string }[],
): OrderedObjects {
  const byKey = new Map(objects.flatMap((object) => object.keys.map((key) => [key, object] as const)));
  const needs = new Map<FoundObject, Set<FoundObject>>(objects.map((object) => [object, new Set()]));
  const add = (object: FoundObject | undefined, key: string) => {
    const needed = byKey.get(key);
    if (object && needed && needed !== object) needs.get(object)!.add(needed);
  };
  for (const { from, to } of dependencies) add(byKey.get(from), to);
  for (const object of objects) for (const key of object.needs ?? []) add(object, key);

  const first = (a: FoundObject, b: FoundObject) => rank[a.kind] - rank[b.kind] || compare(a.name, b.name);
  const sorted: FoundObject[] = [];
  const state = new Map<FoundObject, "under way" | "done">();
  const circles: string[] = [];
  const visit = (object: FoundObject): void => {
    if (state.get(object) === "done") return;
    if (state.get(object) === "under way") {
      circles.push(`circle of dependencies through ${object.kind} ${object.name}`);
      return;
    }
    state.set(object, "under way");
    for (const needed of [...needs.get(object)!].sort(first)) visit(needed);
    state.set(object, "done");
    sorted.push(object);
  };
  for (const object of objects.toSorted(first)) visit(object);
  if (circles.length > 0) throw unsupported(circles);
  const split = sorted.findLastIndex((object) => rank[object.kind] < firstAfterData) + 1;
  const plain = ({ kind, name, of, sql }: FoundObject): SchemaObject => ({ kind, name, of, sql });
  return { before: sorted.slice(0, split).map(plain), after: sorted.slice(split).map(plain) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
