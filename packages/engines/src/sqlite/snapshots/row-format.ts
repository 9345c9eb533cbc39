/**
 * Rows as bytes: each is its length in four bytes, then its values. A value is a tag and what the tag says, little-endian. Of the
 * forms of an integer the shortest is taken, so that equal rows are equal bytes.
 */
export const tag = {
  null: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int48: 4,
  int64: 5,
  real: 6,
  /** Bytes as they are, of whatever validity, after their number in groups of seven bits. */
  text: 7,
  blob: 8,
} as const;

export const lengthBytes = 4;

/** Compressing small chunks was 20 times slower. */
export const chunkBytes = 256 * 1024;

export type StoredValue = bigint | number | string | Uint8Array | null;
