import { chunkBytes, lengthBytes, type StoredValue, tag } from "./row-format.ts";

/** What text that is not valid UTF-8 is read as. */
const replaced = "\ufffd";

/** Gathers rows into chunks. */
export class RowEncoder {
  rows = 0;
  #buffer = Buffer.allocUnsafe(chunkBytes + chunkBytes / 4);
  #used = 0;
  /** Where the last row began. */
  #began = 0;
  #doubtful = false;

  get full(): boolean {
    return this.#used >= chunkBytes;
  }

  /** The chunk so far. Whoever got the last one may still be at it, so that the next is another one. */
  take(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#buffer = Buffer.allocUnsafe(chunkBytes + chunkBytes / 4);
    this.#used = 0;
    return chunk;
  }

  /**
   * Adds a row of values as the driver reads them. Text that is not what is stored (of no valid encoding, or cut at a NUL by the
   * driver) takes the row back.
   *
   * @param values after their first: bytes that the row's texts have together
   * @returns whether the row is in
   */
  addRead(values: readonly StoredValue[]): boolean {
    this.#begin();
    let texts = 0;
    for (let at = 1; at < values.length; at++) {
      const value = values[at]!;
      if (typeof value === "string") texts += this.#text(value);
      else this.#value(value);
    }
    if (!this.#doubtful && texts === Number(values[0])) {
      this.#end();
      return true;
    }
    this.#used = this.#began;
    return false;
  }

  /** Adds a row whose texts are bytes. @param values after their first: a letter for each, `t` for text */
  addExact(values: readonly StoredValue[]): void {
    this.#begin();
    const classes = String(values[0]);
    for (let at = 1; at < values.length; at++) {
      const value = values[at]!;
      if (classes[at - 1] === "t") this.#bytes(tag.text, value as Uint8Array);
      else this.#value(value as Exclude<StoredValue, string>);
    }
    this.#end();
  }

  #begin(): void {
    this.#began = this.#used;
    this.#doubtful = false;
    this.#room(lengthBytes);
    this.#used += lengthBytes;
  }

  #end(): void {
    this.#buffer.writeUInt32LE(this.#used - this.#began - lengthBytes, this.#began);
    this.rows++;
  }

  #value(value: Exclude<StoredValue, string>): void {
    if (value === null) {
      this.#room(1);
      this.#buffer[this.#used++] = tag.null;
    } else if (typeof value === "bigint") this.#integer(value);
    else if (typeof value === "number") {
      this.#room(9);
      this.#buffer[this.#used] = tag.real;
      this.#buffer.writeDoubleLE(value, this.#used + 1);
      this.#used += 9;
    } else this.#bytes(tag.blob, value);
  }

  #integer(value: bigint): void {
    this.#room(9);
    const buffer = this.#buffer;
    const at = this.#used;
    const number = Number(value);
    if (number >= -0x80 && number < 0x80) {
      buffer[at] = tag.int8;
      buffer.writeInt8(number, at + 1);
      this.#used += 2;
    } else if (number >= -0x8000 && number < 0x8000) {
      buffer[at] = tag.int16;
      buffer.writeInt16LE(number, at + 1);
      this.#used += 3;
    } else if (number >= -0x80000000 && number < 0x80000000) {
      buffer[at] = tag.int32;
      buffer.writeInt32LE(number, at + 1);
      this.#used += 5;
    } else if (number >= -0x800000000000 && number < 0x800000000000) {
      buffer[at] = tag.int48;
      buffer.writeIntLE(number, at + 1, 6);
      this.#used += 7;
    } else {
      buffer[at] = tag.int64;
      buffer.writeBigInt64LE(value, at + 1);
      this.#used += 9;
    }
  }

  /** Returns its bytes. */
  #text(value: string): number {
    const atMost = value.length * 3;
    this.#room(atMost + 6);
    this.#buffer[this.#used++] = tag.text;
    let bytes: number;
    if (atMost < 0x80) {
      bytes = this.#buffer.write(value, this.#used + 1, "utf8");
      this.#buffer[this.#used++] = bytes;
    } else {
      bytes = Buffer.byteLength(value, "utf8");
      this.#number(bytes);
      this.#buffer.write(value, this.#used, "utf8");
    }
    this.#used += bytes;
    if (value.includes(replaced)) this.#doubtful = true;
    return bytes;
  }

  #bytes(kind: number, value: Uint8Array): void {
    this.#room(value.byteLength + 6);
    this.#buffer[this.#used++] = kind;
    this.#number(value.byteLength);
    this.#buffer.set(value, this.#used);
    this.#used += value.byteLength;
  }

  #number(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#used++] = (rest & 0x7f) | 0x80;
    this.#buffer[this.#used++] = rest;
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#used + bytes));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}
