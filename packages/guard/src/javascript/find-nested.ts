import type * as t from "@babel/types";
import type { CodeWrite } from "./code-write.ts";
import { ColumnReader, type Columns, merged } from "./columns-of.ts";
import { property, unwrap } from "./definitions.ts";
import type { Resolver } from "./resolve.ts";
import { keyOf } from "./scope.ts";

/** Nested writes through relations, wherever they are. */
export function findNested(resolver: Resolver): CodeWrite[] {
  const found: CodeWrite[] = [];
  for (const node of resolver.module.parents.keys()) {
    if (node.type !== "ObjectProperty") continue;
    const columns = nested(resolver, node);
    if (columns !== null && columns.legacy.length + columns.column.length + columns.unknown.length > 0)
      found.push({ node, columns, how: `nested write to ${keyOf(node)}` });
  }
  return found;
}

/** Nested writes of Prisma through a relation: `event.update({ data: { attendances: { update: { data: { status } } } } })`. */
function nested(resolver: Resolver, node: t.ObjectProperty): Columns | null {
  const key = keyOf(node);
  const { models, retired } = resolver.project;
  const model = models.find(({ relations }) => key !== null && relations.has(key));
  if (key === null || (model === undefined && !(models.length === 0 && retired.isModel(key)))) return null;
  const value = unwrap(node.value);
  if (value.type !== "ObjectExpression") return null;
  const reader = new ColumnReader(resolver, model ?? null);
  return merged(
    value.properties.flatMap((each) => {
      const operation = keyOf(each);
      if (
        each.type !== "ObjectProperty" ||
        !/^(?:create|createMany|update|updateMany|upsert|connectOrCreate)$/.test(operation ?? "")
      )
        return [];
      const items =
        unwrap(each.value).type === "ArrayExpression"
          ? (unwrap(each.value) as t.ArrayExpression).elements
          : [each.value];
      return items.flatMap((item) => {
        if (item === null || unwrap(item).type !== "ObjectExpression") return [];
        const inner = ["data", "create", "update"].flatMap((part) => property(unwrap(item), part) ?? []);
        return inner.length > 0 ? inner.map((part) => reader.read(part)) : [reader.read(item)];
      });
    }),
  );
}
