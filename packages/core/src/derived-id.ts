import { hash } from "node:crypto";

/**
 * The id of what a source record becomes: equal texts, equal id. The same as `Dialect.uuidFrom` has the database compute:
 * version 8 with the RFC 9562 variant bits, led by a numeric source id.
 */
export function derivedId(scope: string, sourceId: string): string {
  const digest = hash("sha256", scope + sourceId, "hex");
  const lead = /^[1-9][0-9]{0,13}$/.test(sourceId)
    ? Number(sourceId).toString(16).padStart(12, "0")
    : digest.slice(0, 12);
  return `${lead.slice(0, 8)}-${lead.slice(8)}-8${digest.slice(-19, -16)}-a${digest.slice(-15, -12)}-${digest.slice(-12)}`;
}
