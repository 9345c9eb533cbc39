import { createHash } from "node:crypto";

/**
 * JSON with object keys in code point order and no white space: equal content gives equal text, whatever the order keys
 * were written in. `undefined` members are left out, as in JSON.stringify; `null` stays and is different from absent.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object" && !(value instanceof Date)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Lower-case hex SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of the canonical JSON: the digest of plans, policies and configurations. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}
