import type { Connection, TableRef, TextRow } from "@runback/core";
import { escape as escapeValue } from "mysql2";
import { sameDayInUtc } from "../shared/same-day-in-utc.ts";
import { id, table as tableName } from "./dialect.ts";
import type { Server } from "./server.ts";

/**
 * Statements of a hundred kilobytes: some 500 rows. Longer ones load no faster, and strings above 128 KiB live until a full
 * collection: with a megabyte each, an import's memory peaked 50 to 90 MB higher.
 */
const statementBytes = 100_000;

/**
 * Bulk load with statements of many rows, each within `max_allowed_packet`. LOAD DATA is not used: servers and clients
 * refuse it as a rule, for good reasons.
 */
export async function loadRows(
  tx: Connection,
  { maxAllowedPacket }: Server,
  table: TableRef,
  columns: readonly string[],
  rows: AsyncIterable<TextRow>,
): Promise<number> {
  const spell = await spellings(tx, table, columns);
  const head = `INSERT INTO ${tableName(table)} (${columns.map(id).join(", ")}) VALUES `;
  // A UTF-16 unit is at most three bytes of UTF-8, and escaping at most doubles it.
  const limit = Math.min(statementBytes, maxAllowedPacket / 4) - head.length;
  let loaded = 0;
  let parts: string[] = [];
  let size = 0;
  // One statement is on its way while the rows of the next are read.
  let sent: Promise<void> = Promise.resolve();
  const flush = async () => {
    await sent;
    if (parts.length === 0) return;
    sent = tx.script(head + parts.join(","));
    // Said by the next flush; the last one waits.
    sent.catch(() => {});
    loaded += parts.length;
    parts = [];
    size = 0;
  };
  for await (const row of rows) {
    // Joined at once: a text that grew value by value is a tree of pieces, kept until the statement is.
    const text = `(${row.map((value, at) => (value === null ? "NULL" : spell[at]!(value))).join(",")})`;
    if (size + text.length > limit) await flush();
    parts.push(text);
    size += text.length + 1;
  }
  await flush();
  await sent;
  return loaded;
}

/** Texts that other engines read by a column's type, and this server would not: instants with an offset, words for booleans. */
async function spellings(
  tx: Connection,
  table: TableRef,
  columns: readonly string[],
): Promise<((text: string) => string)[]> {
  const { rows } = await tx.query<{ Field: string; Type: string }>(`SHOW COLUMNS FROM ${tableName(table)}`);
  const types = new Map(rows.map(({ Field, Type }) => [Field, Type]));
  return columns.map((name) => {
    const type = types.get(name) ?? "";
    if (/^(datetime|timestamp)/.test(type)) return (text) => escapeValue(utc(text));
    if (type === "tinyint(1)")
      return (text) =>
        text === "true" || text === "t" ? "1" : text === "false" || text === "f" ? "0" : escapeValue(text);
    return escapeValue;
  });
}

const instant = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?(?:(Z)|([+-])(\d\d):?(\d\d))$/;

/** An instant with an offset in UTC, every digit of its fraction kept. Anything else stays as it is. */
export function utc(text: string): string {
  const match = instant.exec(text);
  if (match === null) return text;
  const [, date, time, fraction = "", zulu, sign, hours, minutes] = match;
  if (zulu !== undefined) return `${date} ${time}${fraction}`;
  const clock = sameDayInUtc(time!, `${sign}${hours}:${minutes}`);
  if (clock !== null) return `${date} ${clock}${time!.slice(5)}${fraction}`;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "+" ? 60_000 : -60_000);
  const moved = new Date(Date.parse(`${date}T${time}Z`) - offset).toISOString();
  return `${moved.slice(0, 10)} ${moved.slice(11, 19)}${fraction}`;
}
