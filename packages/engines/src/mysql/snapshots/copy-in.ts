import type { Connection } from "@runback/core";
import { id } from "../dialect.ts";
import type { CopyRequest } from "./copy-session.ts";
import { InsertWriter } from "./insert-writer.ts";
import { readValues } from "./read-values.ts";
import { columnForm } from "./row-form.ts";

/** Statements of a megabyte: larger ones gained nothing. */
const statementBytes = 1_000_000;

/** A value longer than this goes to the server in pieces when its row is too long for one statement. */
const longBytes = 64 * 1024;

/**
 * Loads the rows of one stream with statements of many rows. The server works on one of them while the next is written, and with
 * several lanes on as many at once: for tables whose order of storage their primary key decides.
 */
export async function copyIn(
  lanes: readonly Connection[],
  maxAllowedPacket: number,
  { table, columns }: CopyRequest,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const forms = columns.map(columnForm);
  const head = `INSERT INTO ${table} (${columns.map(({ name }) => id(name)).join(", ")}) VALUES `;
  const limit = maxAllowedPacket - Buffer.byteLength(head) - 1024;
  const full = Math.min(statementBytes, limit);
  const writer = new InsertWriter(head, forms, full);
  const sent: Promise<void>[] = lanes.map(() => Promise.resolve());
  let next = 0;
  const flush = async () => {
    const lane = next;
    next = (next + 1) % lanes.length;
    await sent[lane];
    const text = writer.take();
    if (text === undefined) return;
    sent[lane] = lanes[lane]!.script(text);
    // Its failure is thrown by whoever awaits it next.
    sent[lane].catch(() => {});
  };
  const settled = async () => {
    await flush();
    for (const each of sent) await each;
  };
  const session = lanes[0]!;
  const sources: Uint8Array[] = [];
  const [froms, tos]: [number[], number[]] = [[], []];
  let column = 0;
  // Hexadecimal doubles a value.
  let size = 0;
  const write = (held: ReadonlyMap<number, string>) => {
    for (let at = 0; at < forms.length; at++) {
      const name = held.get(at);
      if (name === undefined) writer.value(at, sources[at]!, froms[at]!, tos[at]!);
      else writer.variable(at, name);
    }
    size = 0;
  };
  const none = new Map<number, string>();

  /** A row too long for one statement: its long values are put together on the server. */
  const writeLong = async () => {
    await settled();
    next = 0;
    const held = new Map<number, string>();
    const piece = Math.floor(limit / 4);
    for (let at = 0; at < forms.length; at++) {
      if (tos[at]! - froms[at]! <= longBytes) continue;
      const name = `@runback_long_${at}`;
      held.set(at, name);
      await session.script(`SET ${name} = x''`);
      for (let from = froms[at]!; from < tos[at]!; from += piece) {
        const part = Buffer.from(sources[at]!.subarray(from, Math.min(from + piece, tos[at]!))).toString("hex");
        await session.script(`SET ${name} = concat(${name}, x'${part}')`);
      }
    }
    write(held);
    await settled();
    for (const name of held.values()) await session.script(`SET ${name} = NULL`);
  };

  await readValues(chunks, (source, from, to) => {
    sources[column] = source;
    froms[column] = from;
    tos[column] = to;
    size += (to - from) * 2 + 24;
    column += 1;
    if (column < forms.length) return undefined;
    column = 0;
    if (size > limit) return writeLong();
    if (writer.rows > 0 && writer.bytes + size > full) return flush().then(() => write(none));
    write(none);
    return undefined;
  });
  await settled();
}
