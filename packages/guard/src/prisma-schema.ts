import { type RetiredColumn, snake } from "./retired-column.ts";

/** What Prisma calls the table: its model, the fields of both columns, and the fields of other models that lead to it. */
export interface PrismaModel {
  readonly name: string;
  /** Field by column in snake case. */
  readonly columns: ReadonlyMap<string, string>;
  readonly relations: ReadonlySet<string>;
}

/**
 * Finds the model of a table in a `schema.prisma`. The language is one item a line inside `model Name { … }`: a field, its
 * type, its attributes.
 */
export function prismaModel(text: string, retired: RetiredColumn): PrismaModel | null {
  const models = blocks(text);
  const ours = models.find(({ name, map }) =>
    map === null ? retired.isTable(name) || retired.isModel(name) : retired.isTable(map),
  );
  if (ours === undefined) return null;
  return {
    name: ours.name,
    columns: new Map(ours.fields.map(({ field, column }) => [field, snake(column)])),
    relations: new Set(
      models.flatMap(({ fields }) => fields.flatMap(({ field, type }) => (type === ours.name ? [field] : []))),
    ),
  };
}

interface Block {
  readonly name: string;
  readonly map: string | null;
  readonly fields: readonly { readonly field: string; readonly type: string; readonly column: string }[];
}

function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: { name: string; map: string | null; fields: Block["fields"][number][] } | null = null;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\/\/.*$/, "").trim();
    const start = /^model\s+(\w+)\s*\{/.exec(line);
    if (start) open = { name: start[1]!, map: null, fields: [] };
    else if (line.startsWith("}")) {
      if (open !== null) found.push(open);
      open = null;
    } else if (open !== null) {
      const map = /^@@map\(\s*(?:name\s*:\s*)?"([^"]+)"/.exec(line);
      if (map) open.map = map[1]!;
      const field = /^(\w+)\s+(\w+)/.exec(line);
      if (field)
        open.fields.push({
          field: field[1]!,
          type: field[2]!,
          column: /@map\(\s*(?:name\s*:\s*)?"([^"]+)"/.exec(line)?.[1] ?? field[1]!,
        });
    }
  }
  return found;
}
