import type { ColumnForm } from "./row-form.ts";

const hexDigits = Buffer.from("0123456789abcdef");
const [quote, backslash, comma, open, close] = [0x27, 0x5c, 0x2c, 0x28, 0x29];
const ascii = (text: string) => Buffer.from(text, "latin1");
const [nullWord, hexStart, utf8Start] = [ascii("NULL"), ascii("x'"), ascii("_utf8mb4 ")];

/**
 * The text of one INSERT of many rows. Only ASCII is written, so no client has a say in what the bytes mean: values with other
 * bytes are hexadecimal. The session's literals are binary strings, which a column of any character set takes byte for byte.
 */
export class InsertWriter {
  #buffer: Buffer;
  #used = 0;
  readonly #head: string;
  readonly #forms: readonly ColumnForm[];
  rows = 0;

  constructor(head: string, forms: readonly ColumnForm[], bytes: number) {
    this.#head = head;
    this.#forms = forms;
    this.#buffer = Buffer.allocUnsafe(bytes + 64 * 1024);
  }

  /** Bytes of text so far. */
  get bytes(): number {
    return this.#used;
  }

  value(column: number, source: Uint8Array, from: number, to: number): void {
    this.#begin(column, (to - from) * 2 + 32);
    if (from < 0) this.#add(nullWord);
    else {
      const { literal } = this.#forms[column]!;
      if (literal === "utf8") this.#add(utf8Start);
      if (literal === "digits") this.#copy(source, from, to);
      else if (!this.#quoted(source, from, to)) this.#hex(source, from, to);
    }
    this.#end(column);
  }

  /** A value that the session holds in a variable. */
  variable(column: number, name: string): void {
    this.#begin(column, 100);
    if (this.#forms[column]!.literal === "utf8") this.#add(ascii(`CONVERT(${name} USING utf8mb4)`));
    else this.#add(ascii(name));
    this.#end(column);
  }

  /** The statement, and an empty writer. Undefined when there is no row. */
  take(): string | undefined {
    if (this.rows === 0) return undefined;
    const text = this.#head + this.#buffer.toString("latin1", 0, this.#used);
    this.#used = 0;
    this.rows = 0;
    return text;
  }

  #begin(column: number, bytes: number): void {
    if (this.#used + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe((this.#used + bytes) * 2);
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    if (column === 0) {
      if (this.rows > 0) this.#buffer[this.#used++] = comma;
      this.#buffer[this.#used++] = open;
    } else this.#buffer[this.#used++] = comma;
  }

  #end(column: number): void {
    if (column < this.#forms.length - 1) return;
    this.#buffer[this.#used++] = close;
    this.rows += 1;
  }

  #add(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at++) this.#buffer[this.#used++] = source[at]!;
  }

  /** False, with nothing written, when a byte is not printable ASCII. */
  #quoted(source: Uint8Array, from: number, to: number): boolean {
    const buffer = this.#buffer;
    let used = this.#used;
    buffer[used++] = quote;
    for (let at = from; at < to; at++) {
      const byte = source[at]!;
      if (byte < 0x20 || byte > 0x7e) return false;
      if (byte === quote || byte === backslash) buffer[used++] = backslash;
      buffer[used++] = byte;
    }
    buffer[used++] = quote;
    this.#used = used;
    return true;
  }

  #hex(source: Uint8Array, from: number, to: number): void {
    const buffer = this.#buffer;
    this.#add(hexStart);
    let used = this.#used;
    for (let at = from; at < to; at++) {
      const byte = source[at]!;
      buffer[used++] = hexDigits[byte >> 4]!;
      buffer[used++] = hexDigits[byte & 15]!;
    }
    buffer[used++] = quote;
    this.#used = used;
  }
}
