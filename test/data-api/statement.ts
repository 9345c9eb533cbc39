import { ApiProblem } from "./api-problem.ts";

/** A parameter as it comes over the wire. */
export interface WireParameter {
  readonly name?: string;
  readonly typeHint?: string;
  readonly value?: {
    readonly isNull?: boolean;
    readonly stringValue?: string;
    readonly longValue?: number;
    readonly doubleValue?: number;
    readonly booleanValue?: boolean;
    readonly blobValue?: string;
    readonly arrayValue?: unknown;
  };
}

export interface Statement {
  readonly sql: string;
  readonly values: unknown[];
  /** OIDs: the service sends typed values, so a text is no literal of unknown type. */
  readonly types: number[];
}

const quoted =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|::|:([A-Za-z_]\w*)/g;

/** Turns `:name` into the database's own placeholders, and values into what the service would send. */
export function toStatement(sql: string, parameters: readonly WireParameter[]): Statement {
  const given = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const order: string[] = [];
  const text = sql.replace(quoted, (whole, _tag, name: string | undefined) => {
    if (name === undefined) return whole;
    if (!given.has(name)) throw new ApiProblem("BadRequestException", `Cannot find parameter: ${name}`);
    if (!order.includes(name)) order.push(name);
    return `$${order.indexOf(name) + 1}`;
  });
  const sent = order.map((name) => typed(given.get(name)!));
  return { sql: text, values: sent.map(([, value]) => value), types: sent.map(([type]) => type) };
}

const hints: Readonly<Record<string, number>> = {
  DATE: 1082,
  DECIMAL: 1700,
  JSON: 114,
  TIME: 1083,
  TIMESTAMP: 1114,
  UUID: 2950,
};

function typed({ typeHint, value = {} }: WireParameter): [type: number, value: unknown] {
  const text = typeHint === undefined ? 25 : hints[typeHint];
  if (text === undefined) throw new ApiProblem("BadRequestException", `Invalid type hint: ${typeHint}`);
  if (value.isNull) return [text, null];
  if (value.arrayValue !== undefined)
    throw new ApiProblem("BadRequestException", "Array parameters are not supported.");
  if (value.stringValue !== undefined) return [text, value.stringValue];
  if (value.booleanValue !== undefined) return [16, value.booleanValue];
  if (value.longValue !== undefined) {
    if (!Number.isSafeInteger(value.longValue))
      throw new ApiProblem("BadRequestException", "longValue is out of range");
    return [20, value.longValue];
  }
  if (value.doubleValue !== undefined) return [701, value.doubleValue];
  if (value.blobValue !== undefined) return [17, Buffer.from(value.blobValue, "base64")];
  throw new ApiProblem("BadRequestException", "A parameter has no value.");
}
