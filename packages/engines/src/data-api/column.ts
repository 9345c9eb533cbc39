import type { ColumnMetadata, Field } from "@aws-sdk/client-rds-data";

/** What the service says about a result's column. */
export interface ResultColumn {
  readonly name: string;
  /** As PostgreSQL calls it inside (`int4`, `timestamptz`), in lower case. */
  readonly type: string;
}

export function resultColumn({ label, name, typeName }: ColumnMetadata): ResultColumn {
  return { name: label ?? name ?? "", type: (typeName ?? "text").toLowerCase() };
}

const numbers = new Set(["int2", "int4", "smallserial", "serial", "serial2", "serial4", "float4", "float8", "oid"]);
const documents = new Set(["json", "jsonb"]);

/** Types whose cast to text is what their output function prints. */
const plainCasts = new Set([
  ...numbers,
  ...documents,
  ...["text", "varchar", "name", "uuid", "bool", "int8", "bigserial", "serial8", "numeric"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
]);

/** SQL of a column's value as text, exactly as the other engines receive it. */
export function asText(expression: string, { type }: ResultColumn): string {
  if (type === "bytea") return `pg_catalog.encode(${expression}, 'hex')`;
  if (plainCasts.has(type)) return `${expression}::pg_catalog.text`;
  // A cast of `character` would lose its blanks, one of a composite type or array may say less than its output.
  return `CASE WHEN ${expression} IS DISTINCT FROM NULL THEN pg_catalog.concat(${expression}) END`;
}

/** A value from its text: numbers where they are exact, JSON parsed, bytes as bytes, all else as it is. */
export function fromText(text: string | null, { type }: ResultColumn): unknown {
  if (text === null) return null;
  if (numbers.has(type)) return Number(text);
  if (type === "bool") return text === "true";
  if (documents.has(type)) return JSON.parse(text) as unknown;
  return type === "bytea" ? Buffer.from(text, "hex") : text;
}

/** A value as the service itself renders it: for statements that cannot be asked to render theirs as text. */
export function fromField(field: Field, column: ResultColumn): unknown {
  if (field.isNull) return null;
  if (field.booleanValue !== undefined) return field.booleanValue;
  if (field.blobValue !== undefined) return Buffer.from(field.blobValue);
  if (field.arrayValue !== undefined) throw new Error(`column ${column.name} is an array: cast it to text`);
  const value = field.stringValue ?? field.longValue ?? field.doubleValue;
  if (value === undefined) throw new Error(`column ${column.name} has no value`);
  if (column.type === "timestamptz" || column.type === "timestamp") return instant(String(value), column.type);
  return fromText(String(value), column);
}

/** The service prints instants in UTC and leaves the zone out, and may pad their fraction. */
function instant(text: string, type: string): string {
  const exact = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00(?::?00)?)?$/.exec(text);
  if (exact === null) return text;
  const fraction = (exact[3] ?? "").replace(/0+$/, "");
  return `${exact[1]} ${exact[2]}${fraction === "" ? "" : `.${fraction}`}${type === "timestamptz" ? "+00" : ""}`;
}
