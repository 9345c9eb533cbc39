const chunkBytes = 256 * 1024;

/**
 * Rows as bytes: of each value its length plus one in seven-bit groups, lowest first, then its bytes; a single zero is NULL. Gathered
 * into large chunks: a row at a time through a compressor was 20 times slower than 64 KiB at a time.
 */
export class RowWriter {
  readonly chunks: Buffer[] = [];
  rows = 0;
  #buffer = Buffer.allocUnsafe(chunkBytes);
  #used = 0;

  row(values: readonly (Buffer | null)[]): void {
    this.rows += 1;
    for (const value of values) {
      const length = value === null ? 0 : value.length + 1;
      if (this.#used + length + 5 > this.#buffer.length) this.#next(length + 5);
      const buffer = this.#buffer;
      let at = this.#used;
      let rest = length;
      while (rest > 0x7f) {
        buffer[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      buffer[at++] = rest;
      if (value !== null) {
        if (value.length < 24) for (let from = 0; from < value.length; from++) buffer[at++] = value[from]!;
        else {
          buffer.set(value, at);
          at += value.length;
        }
      }
      this.#used = at;
    }
  }

  /** What is left at the end. */
  end(): void {
    if (this.#used > 0) this.chunks.push(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Whoever got the last chunk may still be at it: a new one is begun. A chunk ends after a value, at the latest when it is full. */
  #next(bytes: number): void {
    if (this.#used > 0) this.chunks.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = Buffer.allocUnsafe(Math.max(chunkBytes, bytes));
    this.#used = 0;
  }
}
