import { hash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { derivedId } from "@runback/core";
import { sameDayInUtc } from "../shared/same-day-in-utc.ts";
import { leavesOf } from "./leaves.ts";

/** A value as SQLite keeps it; integers are `bigint`, so that 1 is not 1.0. */
export type Stored = bigint | number | string | Uint8Array | null;

/**
 * What Runback's own sessions can compute and SQLite cannot. No trigger calls these: triggers fire in programs too that
 * know nothing of Runback.
 */
export function registerFunctions(db: DatabaseSync): void {
  const pure = { deterministic: true, directOnly: true } as const;
  const exact = { ...pure, useBigIntArguments: true } as const;
  db.function("runback_row", { ...exact, varargs: true }, (...values: Stored[]) => rowDigest(values));
  db.function("runback_leaf", exact, (key: Stored) => leafOf(key));
  db.function("runback_sha256", exact, (text: Stored) => (text === null ? null : hash("sha256", String(text), "hex")));
  db.function("runback_uuid", pure, (scope, sourceId) =>
    derivedId(String(scope), sourceId === null ? "" : String(sourceId)),
  );
  db.function("runback_instant", pure, (text) => (text === null ? null : instant(String(text))));
  db.function("runback_boolean", exact, (value: Stored) => (value === null ? null : boolean(value as string)));
  // Called once, with the query whose rows it walks. Values that SQL hands to a function, row by row, stay reachable until the
  // statement ends, and every collection looks at all of them: an aggregate took three to five times as long.
  db.function("runback_leaves", { directOnly: true }, (query) => {
    const statement = db.prepare(String(query));
    statement.setReturnArrays(true);
    return JSON.stringify(leavesOf(statement.iterate() as unknown as Iterable<Stored[]>));
  });
  db.aggregate("runback_set", {
    start: () => ({ count: 0, bits: Buffer.alloc(32) }),
    step: (set: { count: number; bits: Buffer }, text: unknown) => {
      // One character a byte: a buffer a row took three times as long.
      const digest = hash("sha256", String(text), "binary");
      for (let at = 0; at < 32; at++) set.bits[at]! ^= digest.charCodeAt(at);
      set.count++;
      return set;
    },
    result: (set: { count: number; bits: Buffer }) => `${set.count}:${set.bits.toString("hex")}`,
  } as never);
}

/** SHA-256 of a row. Hexadecimal text: a buffer a row was half of the time of a digest, most of it in collecting garbage. */
export function rowDigest(values: readonly Stored[], from = 0): string {
  let text = "";
  for (let at = from; at < values.length; at++) text += `${encoded(values[at]!)};`;
  return hash("sha256", text, "hex");
}

/** Value and storage class as text that no other value has. */
function encoded(value: Stored): string {
  if (value === null) return "n";
  if (typeof value === "bigint") return `i${value}`;
  // Shortest text that reads back to the same double; it would lose the sign of zero.
  if (typeof value === "number") return `r${Object.is(value, -0) ? "-0" : value}`;
  if (typeof value === "string") return `t${value.length}:${value}`;
  return `b${Buffer.from(value).toString("hex")}`;
}

const leaves = 256n;

/** Which of 256 key ranges a row's first key value falls in; the same on every machine, because evidence outlives it. */
export function leafOf(key: Stored): number {
  if (typeof key === "bigint") return Number(((key % leaves) + leaves) % leaves);
  // The last byte: the first ones are a time or a number in ids that grow, and would put every row in one range.
  if (typeof key === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(key))
    return Number.parseInt(key.slice(-2), 16);
  return hash("sha256", encoded(key), "buffer")[0]!;
}

/** What the sources' parsers give: already in UTC, and nothing to compute. */
const inUtc = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;

/** What they give for a time local to a zone: as a rule it is the same day in UTC, and a calendar has nothing to say. */
const withOffset = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d[+-](?:[01]\d|2[0-3]):[0-5]\d$/;

/** An instant in UTC with microseconds, of one width, so that instants sort as text. @throws when the text is none */
export function instant(text: string): string {
  if (inUtc.test(text)) {
    knownDay(text);
    return text.length === 27 ? text : `${text.slice(0, 19)}.${text.slice(20, -1).padEnd(6, "0")}Z`;
  }
  if (withOffset.test(text)) {
    const clock = sameDayInUtc(text.slice(11, 16), text.slice(19));
    if (clock !== null) {
      knownDay(text);
      return `${text.slice(0, 11)}${clock}${text.slice(16, 19)}.000000Z`;
    }
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
    text,
  );
  if (match === null) throw new Error(`not an instant: ${text.length} characters`);
  const [, day = "", minute = "00:00", second = "00", fraction = "", zone = "Z"] = match;
  realDay(day, Date.parse(`${day}T00:00:00Z`));
  const offset =
    zone.toUpperCase() === "Z" ? "Z" : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const at = new Date(`${day}T${minute}:${second}${offset}`);
  if (Number.isNaN(at.getTime())) throw new Error("not an instant: out of range");
  return `${at.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
}

const days = new Set<string>();
const daysKept = 10_000;

/** The days of an export repeat, and parsing them was a tenth of staging one. */
function knownDay(text: string): void {
  const day = text.slice(0, 10);
  if (days.has(day)) return;
  realDay(day, Date.parse(`${day}T00:00:00Z`));
  if (days.size >= daysKept) days.clear();
  days.add(day);
}

/** The 30th of February parses, as another day. */
function realDay(day: string, ms: number): void {
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(day.slice(8)))
    throw new Error("not an instant: no such day");
}

/** 1 or 0 for the words PostgreSQL takes for true and false. @throws for others */
export function boolean(value: bigint | number | string): bigint {
  const text = String(value).toLowerCase();
  if (["true", "t", "1", "yes", "on"].includes(text)) return 1n;
  if (["false", "f", "0", "no", "off"].includes(text)) return 0n;
  throw new Error("not a boolean");
}
