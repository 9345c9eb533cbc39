import type { PGlite } from "@electric-sql/pglite";
import { ApiProblem } from "./api-problem.ts";

/** Bytes of one row, and of one answer. */
const rowBytes = 64 * 1024;
const answerBytes = 1024 * 1024;

/** What the guide lists as supported, as PostgreSQL calls it inside. */
const supported = new Set([
  ...["bool", "bytea", "date", "cidr", "numeric", "float8", "inet", "int4", "int2", "int8", "jsonb", "json", "float4"],
  ...["text", "bpchar", "varchar", "name", "time", "timestamp", "timestamptz", "uuid", "vector"],
]);

interface Type {
  readonly name: string;
  readonly kind: string;
}

/** Names types by their OID, as the database has them. */
export class Types {
  readonly #db: PGlite;
  readonly #known = new Map<number, Type>();

  constructor(db: PGlite) {
    this.#db = db;
  }

  async load(): Promise<void> {
    const { rows } = await this.#db.query<{ oid: string } & Type>(
      "SELECT oid::int AS oid, typname::text AS name, typtype::text AS kind FROM pg_type",
    );
    for (const { oid, name, kind } of rows) this.#known.set(Number(oid), { name, kind });
  }

  async of(oid: number): Promise<Type> {
    if (!this.#known.has(oid)) await this.load();
    return this.#known.get(oid) ?? { name: String(oid), kind: "?" };
  }
}

export interface WireResult {
  readonly numberOfRecordsUpdated: number;
  readonly generatedFields: readonly [];
  readonly records?: unknown[][];
  readonly columnMetadata?: unknown[];
}

interface Raw {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: (string | null)[][];
  readonly affectedRows?: number;
}

/** Rows as the service answers them. @throws ApiProblem when they hold a type it does not know, or are too large */
export async function toWire(
  raw: Raw,
  types: Types,
  options: { readonly longReturnType?: string; readonly decimalReturnType?: string },
): Promise<WireResult> {
  if (raw.fields.length === 0) {
    return { numberOfRecordsUpdated: raw.affectedRows ?? 0, generatedFields: [] };
  }
  const columns = await Promise.all(
    raw.fields.map(async ({ name, dataTypeID }) => ({ name, type: await types.of(dataTypeID) })),
  );
  for (const { type } of columns) {
    if (!supported.has(type.name) && type.kind !== "e") {
      throw new ApiProblem("UnsupportedResultException", `The result contains the unsupported data type ${type.name}`);
    }
  }
  let total = 0;
  for (const row of raw.rows) {
    const bytes = row.reduce((sum, value) => sum + (value === null ? 0 : Buffer.byteLength(value)), 0);
    if (bytes > rowBytes)
      throw new ApiProblem("BadRequestException", "Database returned a row larger than the allowed row size limit");
    total += bytes;
  }
  if (total > answerBytes) {
    throw new ApiProblem("BadRequestException", "Database returned more than the allowed response size limit");
  }
  return {
    numberOfRecordsUpdated: 0,
    generatedFields: [],
    records: raw.rows.map((row) => row.map((value, index) => field(value, columns[index]!.type.name, options))),
    columnMetadata: columns.map(({ name, type }) => ({
      arrayBaseColumnType: 0,
      isAutoIncrement: false,
      isCaseSensitive: type.name === "text",
      isCurrency: false,
      isSigned: true,
      label: name,
      name,
      nullable: 2,
      precision: 0,
      scale: 0,
      schemaName: "",
      tableName: "",
      typeName: type.name,
    })),
  };
}

function field(
  value: string | null,
  type: string,
  { longReturnType = "LONG", decimalReturnType = "STRING" }: { longReturnType?: string; decimalReturnType?: string },
): unknown {
  if (value === null) return { isNull: true };
  if (type === "bool") return { booleanValue: value === "t" };
  if (["int2", "int4", "int8"].includes(type)) {
    return longReturnType === "STRING" ? { stringValue: value } : { longValue: Number(value) };
  }
  if (type === "float4" || type === "float8") return { doubleValue: Number(value) };
  if (type === "numeric" && decimalReturnType !== "STRING") return { doubleValue: Number(value) };
  if (type === "bytea") return { blobValue: Buffer.from(value.slice(2), "hex").toString("base64") };
  // Instants are converted to UTC, and their zone is left out.
  if (type === "timestamptz") return { stringValue: value.replace(/[+-]\d\d(?::\d\d)*$/, "") };
  return { stringValue: value };
}
