import { lengthBytes, tag } from "./row-format.ts";

export type BoundValue = bigint | number | Uint8Array | null;

/** Takes chunks apart into rows, wherever they were cut. */
export class RowDecoder {
  /** Of the last row. Text is bytes, told from BLOBs by its tag. */
  readonly values: BoundValue[];
  readonly tags: Uint8Array;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #buffer = Buffer.alloc(0);
  #at = 0;

  constructor(columns: number) {
    this.values = new Array<BoundValue>(columns).fill(null);
    this.tags = new Uint8Array(columns);
  }

  push(chunk: Uint8Array): void {
    this.#parts.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** Reads the next row that is there whole. */
  next(): boolean {
    if (!this.#has(lengthBytes)) return false;
    const end = this.#at + lengthBytes + this.#buffer.readUInt32LE(this.#at);
    if (!this.#has(end - this.#at)) return false;
    // What was gathered may be another buffer, with the row at its start.
    const stop = this.#at + lengthBytes + this.#buffer.readUInt32LE(this.#at);
    this.#at += lengthBytes;
    for (let column = 0; column < this.values.length; column++) this.#value(column);
    if (this.#at !== stop) throw new Error("a row of the stream has another length than it says");
    return true;
  }

  /** @throws Error when a row was cut off */
  end(): void {
    if (this.#buffer.length - this.#at + this.#bytes > 0) throw new Error("the stream of rows is cut off");
  }

  #has(bytes: number): boolean {
    if (this.#buffer.length - this.#at >= bytes) return true;
    if (this.#buffer.length - this.#at + this.#bytes < bytes) return false;
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), ...this.#parts]);
    this.#at = 0;
    this.#parts = [];
    this.#bytes = 0;
    return true;
  }

  #value(column: number): void {
    const buffer = this.#buffer;
    const kind = buffer[this.#at++]!;
    const at = this.#at;
    this.tags[column] = kind;
    let value: BoundValue;
    switch (kind) {
      case tag.null:
        value = null;
        break;
      case tag.int8:
        value = BigInt(buffer.readInt8(at));
        this.#at += 1;
        break;
      case tag.int16:
        value = BigInt(buffer.readInt16LE(at));
        this.#at += 2;
        break;
      case tag.int32:
        value = BigInt(buffer.readInt32LE(at));
        this.#at += 4;
        break;
      case tag.int48:
        value = BigInt(buffer.readIntLE(at, 6));
        this.#at += 6;
        break;
      case tag.int64:
        value = buffer.readBigInt64LE(at);
        this.#at += 8;
        break;
      case tag.real:
        value = buffer.readDoubleLE(at);
        this.#at += 8;
        break;
      case tag.text:
      case tag.blob: {
        const bytes = this.#number();
        value = buffer.subarray(this.#at, this.#at + bytes);
        this.#at += bytes;
        break;
      }
      default:
        throw new Error("the stream of rows has a value of an unknown kind");
    }
    this.values[column] = value;
  }

  #number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#buffer[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
}
