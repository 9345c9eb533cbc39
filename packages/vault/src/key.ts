import { keyInvalid } from "./errors.ts";

/** S3's limit for a whole key, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024;
/** The longest file name of the common file systems: a key that one store takes, the other takes too. */
const MAX_SEGMENT_BYTES = 255;
/** File names the folder vault keeps for itself (unfinished writes, retention); no key may contain such a segment. */
export const RESERVED_PREFIX = ".runback-";

/** C0, DEL and C1 controls: they break terminals, XML listings and SHA256SUMS lines. */
const CONTROL = /\p{Cc}/u;

function flaw(key: string): string | undefined {
  if (key === "") return "it is empty";
  if (!key.isWellFormed()) return "it is not well-formed Unicode";
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `it is longer than ${MAX_KEY_BYTES} bytes`;
  if (CONTROL.test(key)) return "it contains a control character";
  if (key.includes("\\")) return "it contains a backslash";
  if (key.startsWith("/")) return "it starts with a slash";
  for (const segment of key.split("/")) {
    if (segment === "") return "it has an empty segment";
    if (segment === "." || segment === "..") return `it has a ${JSON.stringify(segment)} segment`;
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`;
    if (segment.startsWith(RESERVED_PREFIX)) return `names that begin with ${RESERVED_PREFIX} belong to the vault`;
  }
  return undefined;
}

/** True when `assertKey` would accept the key. */
export function isKey(key: string): boolean {
  return flaw(key) === undefined;
}

/**
 * Refuses every key that could leave its prefix or that one of the stores could not hold: relative, `/` between segments,
 * none of them empty, `.` or `..`, no backslash, no control character, at most 1,024 bytes of UTF-8 and 255 a segment.
 *
 * @throws RunbackError `VAULT_KEY_INVALID`
 */
export function assertKey(key: string): void {
  const why = flaw(key);
  if (why !== undefined) throw keyInvalid(key, why);
}

/**
 * The same rule for the prefix of a listing: empty, or the beginning of a key; its last segment may be unfinished (`runs/2026-`).
 *
 * @throws RunbackError `VAULT_KEY_INVALID`
 */
export function assertPrefix(prefix: string): void {
  if (prefix === "") return;
  assertKey(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix);
}

/** Order of S3 listings: by UTF-8 bytes, which is not the order of UTF-16 code units beyond the basic plane. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
