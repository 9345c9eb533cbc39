import { html } from "hono/html";
import { prose } from "./docs-prose.ts";
import type { Markup } from "./markup.ts";

/** What the page reads of a JSON Schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

export type Schemas = Readonly<Record<string, Schema>>;

export function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = schema.$ref?.split("/").at(-1);
  const found = name === undefined ? schema : (schemas[name] ?? {});
  if (found.allOf === undefined) return found;
  const parts = found.allOf.map((part) => resolve(part, schemas));
  return {
    ...found,
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {}), found.properties ?? {}),
    required: [...parts.flatMap((part) => part.required ?? []), ...(found.required ?? [])],
  };
}

/** The type in words: `array of object`, `"abort" or "skip"`, `string or null`. */
export function typeText(schema: Schema, schemas: Schemas): string {
  const found = resolve(schema, schemas);
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (found.anyOf) return found.anyOf.map((each) => typeText(each, schemas)).join(" or ");
  const types = typeof found.type === "string" ? [found.type] : (found.type ?? ["any"]);
  return types
    .map((type) => {
      if (type === "array") return `array of ${typeText(found.items ?? {}, schemas)}`;
      return type === "string" && found.format ? found.format : type;
    })
    .join(" or ");
}

/** The members of an object, those of nested objects under dotted names. */
export function membersTable(schema: Schema, schemas: Schemas): Markup | "" {
  const rows = members(schema, schemas, "", 0);
  if (rows.length === 0) return "";
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

const deepest = 2;

function members(schema: Schema, schemas: Schemas, prefix: string, depth: number): Markup[] {
  const found = resolve(schema, schemas);
  return Object.entries(found.properties ?? {}).flatMap(([name, member]) => {
    const inner = resolve(member, schemas);
    const list = inner.type === "array" && inner.items ? resolve(inner.items, schemas) : undefined;
    const required = found.required?.includes(name) ?? false;
    const row = html`<tr><th scope="row" class="mono">${prefix}${name}</th><td class="small">${typeText(member, schemas)}${required ? "" : html` <span class="soft">(optional)</span>`}</td><td class="small">${prose(member.description ?? inner.description)}${inner.default === undefined ? "" : html` Default: <code>${JSON.stringify(inner.default)}</code>`}</td></tr>`;
    if (depth >= deepest) return [row];
    return [row, ...members(list ?? inner, schemas, `${prefix}${name}${list ? "[]" : ""}.`, depth + 1)];
  });
}
