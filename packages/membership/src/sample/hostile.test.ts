import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@runback/core";
import { parse } from "csv-parse/sync";
import { Temporal } from "temporal-polyfill";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportPaths } from "./export-paths.ts";
import { type ExportEntity, type HostileExport, writeHostileExport } from "./hostile.ts";
import { sampleLevels } from "./levels.ts";
import { sampleStatuses } from "./registrations.ts";

const entities = Object.keys(exportPaths) as ExportEntity[];
const columns = { members: 7, events: 8, registrations: 6 } as const;

let directory: string;
let written: HostileExport;
const bytes = {} as Record<ExportEntity, Buffer>;
/** Records as an independent parser sees them, with the line each starts on. */
const records = {} as Record<ExportEntity, { line: number; fields: string[] }[]>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "runback-hostile-"));
  written = await writeHostileExport(directory);
  for (const entity of entities) {
    bytes[entity] = await readFile(join(directory, exportPaths[entity]));
    // Latin-1 keeps every byte a character. The parser's own line count takes a quoted CRLF for two lines, so lines are
    // counted on the bytes before each record.
    const options = { encoding: "latin1", relaxColumnCount: true, recordDelimiter: "\r\n", info: true } as const;
    const parsed = parse(bytes[entity], options) as unknown as { record: string[]; info: { bytes: number } }[];
    let start = 0;
    records[entity] = parsed.map(({ record, info }) => {
      const line = bytes[entity].subarray(0, start).toString("latin1").split("\n").length;
      start = info.bytes;
      return { line, fields: record.map((field) => Buffer.from(field, "latin1").toString("utf8")) };
    });
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function refused(entity: ExportEntity) {
  return written.expected.filter((refusal) => refusal.entity === entity);
}

/** The fields of the rows that are expected to import. */
function accepted(entity: ExportEntity): string[][] {
  const lines = new Set(refused(entity).map(({ row }) => row));
  return records[entity].filter(({ line }) => line > 1 && !lines.has(line)).map(({ fields }) => fields);
}

/** Whether a text is a real date of one of the export's forms, judged by an independent calendar. */
function isDate(text: string): boolean {
  const slash = /^(\d\d)\/(\d\d)\/(\d{4})(?: (\d\d:\d\d))?$/.exec(text);
  const iso = slash ? `${slash[3]}-${slash[1]}-${slash[2]}T${slash[4] ?? "00:00"}` : text;
  try {
    Temporal.PlainDateTime.from(iso, { overflow: "reject" });
    return true;
  } catch {
    return false;
  }
}

describe("writeHostileExport", () => {
  it("points at the line each refused record starts on, and counts the others", () => {
    for (const entity of entities) {
      const file = written.files.find(({ path }) => path === exportPaths[entity]);
      expect(file).toEqual({
        path: exportPaths[entity],
        rows: records[entity].length - 1,
        sha256: sha256(bytes[entity]),
      });
      for (const { row, waId } of refused(entity)) {
        const record = records[entity].find(({ line }) => line === row);
        expect(record?.fields[0], `${entity} line ${row}`).toBe(waId ?? "");
      }
      expect(written.good[entity]).toBe(records[entity].length - 1 - refused(entity).length);
      expect(written.good[entity]).toBe(accepted(entity).length);
    }
    // Quoted line ends move later records: a count of records alone would be wrong.
    expect(records.members.some(({ line }, index) => line !== index + 1)).toBe(true);
  });

  it("has each kind of bad input, refused for its own reason", () => {
    const reasons = (entity: ExportEntity) => [...new Set(refused(entity).map(({ reason }) => reason))].sort();
    expect(reasons("members")).toEqual([
      "duplicate-email",
      "duplicate-id",
      "invalid-date",
      "invalid-email",
      "invalid-encoding",
      "missing-contact-id",
      "missing-email",
      "missing-first-name",
      "missing-last-name",
      "nul-character",
      "ragged-row",
      "unmapped-level",
    ]);
    expect(reasons("events")).toEqual([
      "duplicate-id",
      "end-before-start",
      "invalid-date",
      "invalid-encoding",
      "invalid-limit",
      "missing-event-id",
      "missing-event-name",
      "missing-start-date",
      "negative-limit",
      "nul-character",
      "ragged-row",
    ]);
    expect(reasons("registrations")).toEqual([
      "duplicate-id",
      "duplicate-registration",
      "invalid-date",
      "invalid-encoding",
      "missing-contact-id",
      "missing-event-id",
      "missing-registration-date",
      "missing-registration-id",
      "ragged-row",
      "unknown-contact",
      "unknown-event",
      "unknown-status",
    ]);
    for (const { outcome, reason } of written.expected) {
      expect(outcome).toBe(reason.startsWith("duplicate-") ? "conflict" : "quarantined");
    }
  });

  it("has the bytes it promises: a mark in the members file only, text that is not UTF-8, no last line end", () => {
    expect(bytes.members.subarray(0, 3).toString("hex")).toBe("efbbbf");
    expect(bytes.events.subarray(0, 8).toString()).toBe("Event ID");
    expect(bytes.registrations.at(-1)).not.toBe(0x0a);
    for (const entity of entities) {
      const broken = refused(entity).filter(({ reason }) => reason === "invalid-encoding");
      expect(broken).toHaveLength(1);
      expect(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes[entity])).toThrow(TypeError);
    }
  });

  it("has ragged rows exactly where it says so", () => {
    for (const entity of entities) {
      const ragged = records[entity].filter(({ fields }) => fields.length !== columns[entity]).map(({ line }) => line);
      const promised = refused(entity).filter(({ reason }) => reason === "ragged-row");
      expect(ragged).toEqual(promised.map(({ row }) => row));
      expect(ragged).toHaveLength(2);
    }
  });

  it("accepts only rows that meet every rule", () => {
    const members = accepted("members");
    for (const [id = "", first = "", last = "", email = "", , since = "", level = ""] of members) {
      for (const required of [id, first, last]) expect(required.trim(), id).not.toBe("");
      expect(email, id).toMatch(/^[^@\s]+@[^@\s]+\.[^@\s]+$/);
      expect(since === "" || isDate(since), id).toBe(true);
      expect(["", ...sampleLevels]).toContain(level);
    }
    const events = accepted("events");
    for (const [id = "", title = "", , , , start = "", end = "", limit = ""] of events) {
      for (const required of [id, title]) expect(required.trim(), id).not.toBe("");
      expect(isDate(start) && (end === "" || isDate(end)), id).toBe(true);
      expect(limit, id).toMatch(/^\d*$/);
    }
    const contactIds = members.map(([id]) => id);
    const eventIds = events.map(([id]) => id);
    const registrations = accepted("registrations");
    for (const [id = "", contact, event, status = "", registered = "", cancelled = ""] of registrations) {
      expect(contactIds, id).toContain(contact);
      expect(eventIds, id).toContain(event);
      expect(Object.keys(sampleStatuses), id).toContain(status);
      expect(isDate(registered) && (cancelled === "" || isDate(cancelled)), id).toBe(true);
    }
    for (const rows of [members, events, registrations]) expect(new Set(rows.map(([id]) => id)).size).toBe(rows.length);
    expect(new Set(members.map((fields) => fields[3]?.toLowerCase())).size).toBe(members.length);
    expect(new Set(registrations.map(([, contact, event]) => `${contact} ${event}`)).size).toBe(registrations.length);
  });

  it("has dates refused that no calendar has", () => {
    const dateColumns = { members: [5], events: [5, 6], registrations: [4, 5] } as const;
    for (const entity of entities) {
      for (const { row, waId } of refused(entity).filter(({ reason }) => reason === "invalid-date")) {
        const fields = records[entity].find(({ line }) => line === row)?.fields ?? [];
        const texts = dateColumns[entity].map((column) => fields[column] ?? "").filter((text) => text !== "");
        expect(
          texts.some((text) => !isDate(text)),
          `${entity} ${waId}`,
        ).toBe(true);
      }
    }
  });

  it("adds a field of 10 MiB when asked, before a good row", async () => {
    const other = await mkdtemp(join(tmpdir(), "runback-hostile-"));
    try {
      const huge = await writeHostileExport(other, { hugeField: true });
      const added = huge.expected.filter(({ reason }) => reason === "field-too-long");
      expect(added).toHaveLength(1);
      expect(huge.good).toEqual(written.good);
      expect(huge.expected).toHaveLength(written.expected.length + 1);
      const text = (await readFile(join(other, exportPaths.members))).toString("latin1");
      const lines = text.split("\n");
      expect(lines[(added[0]?.row ?? 0) - 1]?.length).toBeGreaterThan(10 * 1024 * 1024);
      expect(lines[added[0]?.row ?? 0]).toMatch(/^90000099,/);
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });
});
