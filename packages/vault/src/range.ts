import { rangeInvalid } from "./errors.ts";

/** Inclusive, as in HTTP; without `end` to the end of the object. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/**
 * Refuses what is no range whatever the object's size: both stores check before they ask.
 *
 * @throws RunbackError `VAULT_RANGE_INVALID`
 */
export function assertRange(key: string, range: ByteRange): void {
  if (!Number.isSafeInteger(range.start) || range.start < 0) throw rangeInvalid(key, "start is not a whole number ≥ 0");
  if (range.end === undefined) return;
  if (!Number.isSafeInteger(range.end) || range.end < range.start) {
    throw rangeInvalid(key, "end is not a whole number ≥ start");
  }
}
