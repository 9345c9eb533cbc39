/**
 * sfc32, a small seeded generator: the same numbers on every machine and Node version, which `Math.random` does not
 * promise. Only integer operations and exact divisions are used, so no rounding can differ either.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * One independent sequence for each (seed, stream, index): record 900,000 can be made without making those before it.
   *
   * @param seed a safe integer, 0 or more
   * @param stream what is drawn (members, households, …), so that they do not mirror each other
   * @param index the record
   */
  constructor(seed: number, stream: number, index: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) ^ Math.imul(stream, 0x9e3779b9);
    this.#c = index | 0;
    // Neighbouring indexes differ in one bit; 15 rounds spread it over the whole state.
    for (let round = 0; round < 15; round++) this.next();
  }

  /** The next integer from 0 to 4,294,967,295. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 2 ** 32);
  }

  /** True in `share` of 1,000 cases. */
  permille(share: number): boolean {
    return this.below(1000) < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}
