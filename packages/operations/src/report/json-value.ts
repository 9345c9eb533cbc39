export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * What a check expected or found, as JSON that keeps it: drivers return `count(*)` as bigint, which JSON.stringify refuses,
 * and NaN, which it turns into null. A bigint beyond 2^53 becomes text. Absent members stay absent; absent itself is null.
 */
export function jsonValue(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "object":
      return value === null ? null : objectValue(value);
    default:
      return null;
  }
}

function objectValue(value: object): JsonValue {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (Array.isArray(value)) return value.map(jsonValue);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, jsonValue(member)]));
}
